// One day's mail: how far it came, to whom it went, and itself.
import { useState } from "preact/hooks";
import { address } from "../lib/api";
import { formatLongDay } from "../lib/format";
import { business, businessId, here } from "../lib/state";
import type { Delivery, Digest, DigestRow } from "../lib/types";
import { useAsk } from "../lib/use_ask";
import { Icon } from "../parts/icon";
import { Empty, Failed, Loading } from "../parts/states";
import { MailFrame, MailText } from "./digest_mail";
import { WayChip, wayOf, wayOfDelivery, WaySteps, type Way } from "./digest_way";
import { Paused, useResumed } from "./recipients";

/** Of several recipients some may have got it; what happened to which stands beside each. */
function wayOfSeveral(way: Way, deliveries: Delivery[]): Way {
  const bad = deliveries.filter((one) => wayOfDelivery(one.status, null).tone === "bad").length;
  if (deliveries.length < 2 || bad === 0) return way;
  return { ...way, text: `${bad} of ${deliveries.length} recipients had trouble with this mail. See below.` };
}

/** What went wrong, over everything else, and where it can be put right. */
function Trouble({ way: { tone, text, isAddress } }: { way: Way }) {
  if (!text) return null;
  const isBad = tone === "bad";
  return (
    <div class={`notice ${isBad ? "is-bad" : ""}`}>
      <Icon name={isBad ? "alert" : "clock"} size={18} />
      <div>
        <p class="digest-reason">{text}</p>
        {isAddress && (
          <p>
            <a href={here("/settings")}>
              {business.value?.role === "owner" ? "Check who gets the digest" : "See who gets the digest"}
            </a>
          </p>
        )}
      </div>
    </div>
  );
}

/** A mail to one of its recipients: what became of it there, and whether later ones go there. */
function To({ address, delivery, isOnly, zone, onResumed }: ToProps) {
  const way = delivery && wayOfDelivery(delivery.status, delivery.error);
  const isSaidBelow = delivery?.paused?.reason === delivery?.status;
  return (
    <li class="mail-recipient">
      <div class="recipient-line">
        <span class="recipient-address">{address}</span>
        {way && !isOnly && <WayChip way={way} />}
      </div>
      {way?.text && !isOnly && !isSaidBelow && <p class="digest-note">{way.text}</p>}
      {delivery?.paused && (
        <Paused address={address} pause={delivery.paused} zone={zone} onResumed={() => onResumed(address)} />
      )}
    </li>
  );
}

interface ToProps {
  address: string;
  delivery: Delivery | undefined;
  /** Then what became of the mail stands above. */
  isOnly: boolean;
  zone: string;
  onResumed: (address: string) => void;
}

function Recipients({ mail, zone, again }: { mail: Digest; zone: string; again: () => void }) {
  const { onResumed, saidLine } = useResumed(again);
  const known = new Map(mail.deliveries.map((one) => [one.address.toLowerCase(), one]));
  const names = new Set((mail.to ?? []).map((one) => one.toLowerCase()));
  const to = [
    ...(mail.to ?? []),
    ...mail.deliveries.map((one) => one.address).filter((one) => !names.has(one.toLowerCase())),
  ];
  if (to.length === 0) return null;
  return (
    <div>
      <dt>To</dt>
      <dd>
        <ul class="mail-to">
          {to.map((one) => (
            <To
              key={one}
              address={one}
              delivery={known.get(one.toLowerCase())}
              isOnly={to.length === 1}
              zone={zone}
              onResumed={onResumed}
            />
          ))}
        </ul>
        {saidLine}
      </dd>
    </div>
  );
}

function Head({ mail, zone, again }: { mail: Digest; zone: string; again: () => void }) {
  return (
    <dl class="mail-head">
      {mail.subject !== null && (
        <div>
          <dt>Subject</dt>
          <dd dir="auto" class="mail-subject">
            {mail.subject}
          </dd>
        </div>
      )}
      <Recipients mail={mail} zone={zone} again={again} />
    </dl>
  );
}

const WITHOUT_MAIL: Record<string, string> = {
  skipped: "No mail for this day",
  failed: "There is no mail of this day",
};

function Mail({ mail, isAlone }: { mail: Digest; isAlone: boolean }) {
  const Heading = isAlone ? "h2" : "h3";
  const [wantsText, setWantsText] = useState(false);
  const hasBoth = Boolean(mail.html && mail.text);
  const isText = !mail.html || (hasBoth && wantsText);
  if (!mail.html && !mail.text) {
    return <Empty icon="mail" title={WITHOUT_MAIL[mail.status] ?? "This mail is not written yet"} />;
  }
  return (
    <>
      <div class="mail-bar">
        <Heading>{isText && !hasBoth ? "The mail, plain text" : "The mail"}</Heading>
        {hasBoth && (
          <div class="segments" role="group" aria-label="Form of the mail">
            <button aria-pressed={!isText} onClick={() => setWantsText(false)}>
              {mail.status === "sent" ? "As sent" : "As made"}
            </button>
            <button aria-pressed={isText} onClick={() => setWantsText(true)}>
              Text
            </button>
          </div>
        )}
      </div>
      {isText ? (
        <MailText text={mail.text!} />
      ) : (
        <MailFrame date={mail.date} title={`Digest of ${formatLongDay(mail.date)}`} />
      )}
    </>
  );
}

interface DetailProps {
  date: string;
  /** What the list knows already. */
  row: DigestRow | null;
  zone: string;
  /** On a phone the screen's own heading says the day. */
  isAlone: boolean;
}

export function DigestDetail({ date, row, zone, isAlone }: DetailProps) {
  const asked = useAsk<Digest>(address(`/api/v1/digests/${date}`, { business: businessId.value }));
  const mail = !asked.isLoading && asked.data?.date === date ? asked.data : null;
  const known = mail ?? row;
  const way = known && wayOf(known, zone);
  if (!known && asked.error) {
    return (
      <div class="card">
        {asked.error.status === 404 ? (
          <Empty icon="search" title="There is no digest of this day" />
        ) : (
          <Failed error={asked.error} again={asked.again} />
        )}
      </div>
    );
  }
  return (
    <article class="card digest-detail" aria-label={`Digest of ${formatLongDay(date)}`}>
      <div class="digest-title">
        {isAlone ? null : <h2>{formatLongDay(date)}</h2>}
        {way && <WayChip way={way} />}
      </div>
      {known && way && <WaySteps row={known} way={way} zone={zone} />}
      {way && <Trouble way={mail ? wayOfSeveral(way, mail.deliveries) : way} />}
      {mail ? <Head mail={mail} zone={zone} again={asked.again} /> : null}
      {mail ? (
        <Mail key={date} mail={mail} isAlone={isAlone} />
      ) : asked.error ? (
        <Failed error={asked.error} again={asked.again} />
      ) : (
        <Loading lines={6} what="Loading the mail" />
      )}
    </article>
  );
}
