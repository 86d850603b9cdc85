// One day's mail: how far it came, to whom it went, and itself.
import { useState } from "preact/hooks";
import { address } from "../lib/api";
import { formatLongDay } from "../lib/format";
import { business, businessId, here } from "../lib/state";
import type { Digest, DigestRow } from "../lib/types";
import { useAsk } from "../lib/use_ask";
import { Icon } from "../parts/icon";
import { Empty, Failed, Loading } from "../parts/states";
import { MailFrame, MailText } from "./digest_mail";
import { WayChip, wayOf, WaySteps } from "./digest_way";

/** What went wrong, over everything else, and where it can be put right. */
function Trouble({ row }: { row: DigestRow }) {
  const { tone, text, isAddress } = wayOf(row);
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

function Head({ mail }: { mail: Digest }) {
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
      {mail.to !== null && mail.to.length > 0 && (
        <div>
          <dt>To</dt>
          <dd>
            <ul class="mail-to">
              {mail.to.map((one) => (
                <li key={one}>{one}</li>
              ))}
            </ul>
          </dd>
        </div>
      )}
    </dl>
  );
}

function Mail({ mail, isAlone }: { mail: Digest; isAlone: boolean }) {
  const Heading = isAlone ? "h2" : "h3";
  const [wantsText, setWantsText] = useState(false);
  const hasBoth = Boolean(mail.html && mail.text);
  const isText = !mail.html || (hasBoth && wantsText);
  if (!mail.html && !mail.text) {
    return (
      <Empty icon="mail" title={mail.status === "skipped" ? "No mail for this day" : "This mail is not written yet"} />
    );
  }
  return (
    <>
      <div class="mail-bar">
        <Heading>{isText && !hasBoth ? "The mail, plain text" : "The mail"}</Heading>
        {hasBoth && (
          <div class="segments" role="group" aria-label="Form of the mail">
            <button aria-pressed={!isText} onClick={() => setWantsText(false)}>
              As sent
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
        {known && <WayChip row={known} />}
      </div>
      {known && <WaySteps row={known} zone={zone} />}
      {known && <Trouble row={known} />}
      {mail ? <Head mail={mail} /> : null}
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
