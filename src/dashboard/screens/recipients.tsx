// Who gets the digest, who does not any more and why, and an owner's way to let somebody have it again.
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, address as addressOf, ask } from "../lib/api";
import { dayOf, formatShortDay } from "../lib/format";
import { business, businessId } from "../lib/state";
import type { Pause, Recipient, Recipients } from "../lib/types";
import { useAsk, type Asked } from "../lib/use_ask";
import { Icon } from "../parts/icon";

const WHY: Record<Pause["reason"], { label: string; text: string; again: string }> = {
  bounced: {
    label: "Bounced",
    text: "The mailbox sent a digest back",
    again: "Once the mailbox works again, let it have the digest again.",
  },
  complained: {
    label: "Marked as spam",
    text: "Somebody there marked a digest as spam",
    again: "Only if whoever reads there wants it again.",
  },
  suppressed: {
    label: "Held back",
    text: "The mail service holds back mail to this address",
    again: "It works only when the mail service lets mail to this address through again.",
  },
  unsubscribed: {
    label: "Unsubscribed",
    text: "Somebody there stopped the digest by the link in it",
    again: "Only if whoever reads there wants it again.",
  },
};

export function useRecipients(isAsked = true): Asked<Recipients> {
  return useAsk<Recipients>(isAsked ? addressOf("/api/v1/recipients", { business: businessId.value }) : null);
}

export function pauseText({ reason, since }: Pause, zone: string): string {
  return `${WHY[reason].text} (${formatShortDay(dayOf(since, zone))}).`;
}

/** Says who gets it again, and takes the focus: the button that had it goes away. */
export function useResumed(again: () => void) {
  const [said, setSaid] = useState("");
  const line = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    if (said) line.current?.focus({ preventScroll: true });
  }, [said]);
  const onResumed = (address: string) => {
    setSaid(`The next digest goes to ${address} again.`);
    again();
  };
  const saidLine = (
    <p class="recipients-said" role="status" tabIndex={-1} ref={line}>
      {said}
    </p>
  );
  return { onResumed, saidLine, forget: () => setSaid("") };
}

interface PausedProps {
  address: string;
  pause: Pause;
  zone: string;
  /** It gets mail again. */
  onResumed: () => void;
}

/** Why a recipient gets no more mail, and the button for an owner. */
export function Paused({ address, pause, zone, onResumed }: PausedProps) {
  const [problem, setProblem] = useState<string | null>(null);
  const [isSending, setSending] = useState(false);
  const why = WHY[pause.reason];
  const resume = async () => {
    if (isSending) return;
    setSending(true);
    setProblem(null);
    try {
      const path = addressOf("/api/v1/recipients", { business: businessId.peek() });
      await ask(path, { method: "PATCH", body: { address, paused: false } });
      onResumed();
    } catch (error) {
      setProblem(error instanceof ApiError ? error.message : "Something went wrong.");
    }
    setSending(false);
  };
  return (
    <div class="paused">
      <p>{pauseText(pause, zone)} Later digests do not go there.</p>
      {pause.detail && (
        <p class="paused-detail">
          It said: <q dir="auto">{pause.detail}</q>
        </p>
      )}
      {business.value?.role === "owner" && (
        <div class="paused-again">
          <button
            type="button"
            class="button"
            aria-disabled={isSending}
            aria-label={`Send again to ${address}`}
            onClick={() => void resume()}
          >
            Send again
          </button>
          <span class="field-help">{why.again}</span>
        </div>
      )}
      {problem && (
        <p class="field-problem" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

function chipOf(pause: Pause | null): string {
  if (!pause) return "is-answered";
  return pause.reason === "unsubscribed" ? "" : "is-bad";
}

function One({ one, zone, onResumed }: { one: Recipient; zone: string; onResumed: (address: string) => void }) {
  return (
    <li class="recipient">
      <div class="recipient-line">
        <span class="recipient-address">{one.address}</span>
        <span class={`chip ${chipOf(one.paused)}`}>{one.paused ? WHY[one.paused.reason].label : "Gets it"}</span>
      </div>
      {one.paused && (
        <Paused address={one.address} pause={one.paused} zone={zone} onResumed={() => onResumed(one.address)} />
      )}
    </li>
  );
}

/** As it is saved; `email` is what the settings name, and a change of it asks again. */
export function RecipientList({ email, zone }: { email: string | null; zone: string }) {
  const asked = useRecipients();
  const { onResumed, saidLine, forget } = useResumed(asked.again);
  const named = useRef(email);
  useEffect(() => {
    if (named.current === email) return;
    named.current = email;
    forget();
    asked.again();
  }, [email, asked.again]);
  if (!asked.data) {
    return asked.error ? (
      <p class="field-problem">Who gets it could not be loaded. {asked.error.message}</p>
    ) : (
      <div class="recipients-wait" role="status" aria-label="Loading who gets the digest">
        <span class="bone" />
      </div>
    );
  }
  const { recipients, are_owners } = asked.data;
  return (
    <div class="recipients">
      <h3>Who gets it</h3>
      {recipients.length === 0 ? (
        <p class="notice is-bad">
          <Icon name="alert" size={18} />
          Nobody: no recipient is set, and no owner has an address.
        </p>
      ) : (
        <ul>
          {recipients.map((one) => (
            <One key={one.address} one={one} zone={zone} onResumed={onResumed} />
          ))}
        </ul>
      )}
      {are_owners && recipients.length > 0 && (
        <p class="field-help">None is named, so each owner gets it at the address they sign in with.</p>
      )}
      {saidLine}
    </div>
  );
}
