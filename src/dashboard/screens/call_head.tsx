// The head of a call: who, when, how it ended, and what one does with it.
import { effect } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { isTicked } from "../lib/call_back";
import { neighboursOf } from "../lib/calls_store";
import { callAsText, isGoingOn, numberToCall } from "../lib/call_words";
import { dayOf, formatFull, formatLength, formatMoment, nameZone, spokenLength } from "../lib/format";
import { formatPhone, isDialable, nameCaller } from "../lib/phone";
import { cameFrom, go, place } from "../lib/router";
import { userId } from "../lib/session";
import { here } from "../lib/state";
import type { Call, CallRow } from "../lib/types";
import { OutcomeChip, UrgencyMark } from "../parts/chip";
import { Icon, type IconName } from "../parts/icon";
import { PhoneLink } from "../parts/phone_link";
import { TickButton } from "../parts/tick_off";

// From which list each call was reached, also when one goes on from there to the caller's other calls.
const origins = new Map<string, string>();
const MOST_ORIGINS = 200;
effect(() => {
  void userId.value;
  origins.clear();
});

const pathOf = (address: string) => address.split("?")[0]!;

function originOf(path: string): string | null {
  const from = cameFrom();
  if (!from) return origins.get(path) ?? null;
  const fromPath = pathOf(from);
  const origin = fromPath.startsWith("/calls/") ? (origins.get(fromPath) ?? null) : from;
  if (origin) origins.set(path, origin);
  for (const oldest of origins.keys()) if (origins.size > MOST_ORIGINS) origins.delete(oldest);
  return origin;
}

const ROOMS: Record<string, string> = { "": "Today", calls: "Calls", digests: "Digests", settings: "Settings" };

function isPlainClick(event: MouseEvent): boolean {
  return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
}

/** Through the list one came from. It leaves no steps behind: from each call it is one step back to the list. */
function Neighbours({ id }: { id: string }) {
  const around = neighboursOf(id);
  if (!around) return null;
  const link = (to: CallRow | null, label: string, icon: IconName) => {
    if (!to) return null;
    const href = here(`/calls/${to.id}`, { q: place.value.query.get("q") });
    const onClick = (event: MouseEvent) => {
      if (!isPlainClick(event)) return;
      event.preventDefault();
      go(href, { replace: true });
    };
    return (
      <a href={href} onClick={onClick} aria-label={`${label} call: ${nameCaller(to.caller_name, to.caller_number)}`}>
        {icon === "back" && <Icon name="back" size={18} />}
        {label}
        {icon === "next" && <Icon name="next" size={18} />}
      </a>
    );
  };
  return (
    <span class="call-neighbours">
      {link(around.newer, "Newer", "back")}
      {link(around.older, "Older", "next")}
    </span>
  );
}

/** Back to the list as it was left, with its filters and where it was scrolled to. */
export function BackLink({ id }: { id: string }) {
  const [origin] = useState(() => originOf(location.pathname));
  const [isOneStep] = useState(() => origin !== null && cameFrom() === origin);
  const label = ROOMS[origin ? (pathOf(origin).split("/")[1] ?? "") : "calls"] ?? "Back";
  const onClick = (event: MouseEvent) => {
    if (!isOneStep || !isPlainClick(event)) return;
    event.preventDefault();
    history.back();
  };
  return (
    <p class="call-back-link">
      <a href={origin ?? here("/calls")} onClick={onClick}>
        <Icon name="back" size={18} />
        {label}
      </a>
      <Neighbours id={id} />
    </p>
  );
}

/** How long it goes on already; a call whose end was never told does not count on for ever. */
function Elapsed({ since }: { since: string }) {
  const [nowMs, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const seconds = (nowMs - Date.parse(since)) / 1000;
  return seconds < 7200 ? (
    <span class="number">{formatLength(Math.max(0, seconds))} so far</span>
  ) : (
    <span>no end told yet</span>
  );
}

/** "1:48" for the eye, "1 minute 48 seconds" for the ear. */
export function Length({ seconds }: { seconds: number | null }) {
  return (
    <span class="number">
      <span aria-hidden="true">{seconds === null ? "length not known" : formatLength(seconds)}</span>
      <span class="hidden">{spokenLength(seconds)}</span>
    </span>
  );
}

export function CallSubtitle({ call }: { call: Call }) {
  const zone = call.business.timezone;
  return (
    <>
      <span class="call-paper">{call.business.name}</span>
      <span class="call-when">
        {call.caller_name && isDialable(call.caller_number) && (
          <>
            <PhoneLink number={call.caller_number} />
            <span class="dot-at-break" aria-hidden="true">
              {" · "}
            </span>
          </>
        )}
        <time dateTime={call.listed_at} title={formatFull(call.listed_at, zone)}>
          {formatMoment(call.listed_at, zone)}
        </time>
        <span aria-hidden="true"> · </span>
        {isGoingOn(call) ? (
          <Elapsed since={call.started_at ?? call.listed_at} />
        ) : (
          <Length seconds={call.duration_seconds} />
        )}
        <span class="dot-at-break" aria-hidden="true">
          {" · "}
        </span>
        <span class="call-zone">{nameZone(zone)}</span>
      </span>
      <span class="call-marks">
        <OutcomeChip outcome={call.outcome} text={call.outcome_text} />
        <UrgencyMark urgency={call.urgency} />
      </span>
    </>
  );
}

/** To the clipboard; where the browser gives none (plain http), by way of a field. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "hidden";
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}

const SAID_MS = 2500;

function CopyButton({ call }: { call: Call }) {
  const [said, setSaid] = useState<"" | "Copied" | "Not copied">("");
  useEffect(() => {
    if (!said) return;
    const timer = setTimeout(() => setSaid(""), SAID_MS);
    return () => clearTimeout(timer);
  }, [said]);
  const onClick = async () => setSaid((await copyText(callAsText(call))) ? "Copied" : "Not copied");
  return (
    <>
      <ActionButton icon={said === "Copied" ? "check" : "copy"} label="Copy" onClick={() => void onClick()}>
        {said || "Copy"}
      </ActionButton>
      <span class="hidden" role="status">
        {said === "Copied" ? "Summary and transcript copied" : said}
      </span>
    </>
  );
}

interface ActionButtonProps {
  icon: IconName;
  label: string;
  title?: string;
  onClick: () => void;
  children?: string;
}

function ActionButton({ icon, label, title, onClick, children }: ActionButtonProps) {
  return (
    <button type="button" class="button" title={title} onClick={onClick}>
      <Icon name={icon} size={18} />
      <span>{children ?? label}</span>
    </button>
  );
}

function download(call: Call): void {
  const url = URL.createObjectURL(new Blob([`${JSON.stringify(call, null, 2)}\n`], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `call-${dayOf(call.listed_at, call.business.timezone)}-${call.id.slice(0, 8)}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

export function CallActions({ call }: { call: Call }) {
  const number = numberToCall(call);
  const isOther = number !== null && number !== call.caller_number;
  return (
    <div class="call-actions">
      <div class="call-tools">
        <CopyButton call={call} />
        <ActionButton icon="print" label="Print" onClick={() => print()} />
        <ActionButton
          icon="download"
          label="Download"
          title="The whole call as a JSON file"
          onClick={() => download(call)}
        />
      </div>
      {number && (
        <div class="call-dial">
          <div class="call-dial-line">
            <PhoneLink number={number} asButton name={call.caller_name} />
            {call.to_call_back && call.caller_number && !isTicked(call.caller_number, call.listed_at) && (
              <TickButton
                business={call.business.id}
                caller={call.caller_number}
                name={nameCaller(call.caller_name, call.caller_number)}
              />
            )}
          </div>
          {isOther && (
            <p class="call-dial-note">
              Asked to be called here
              {isDialable(call.caller_number) && (
                <>
                  , not on <span class="phone">{formatPhone(call.caller_number)}</span>
                </>
              )}
            </p>
          )}
        </div>
      )}
    </div>
  );
}
