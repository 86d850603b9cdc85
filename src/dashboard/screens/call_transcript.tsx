// What was said, as a conversation. Each line knows its place in the recording.
import { useComputed } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { countLines, isGoingOn, nameSpeaker } from "../lib/call_words";
import { Follower } from "../lib/follow";
import { formatOffset, formatTime, formatTimeWithSeconds } from "../lib/format";
import { bringIntoView } from "../lib/motion";
import type { Player, Turn } from "../lib/player";
import { now } from "../lib/state";
import type { Call, Utterance } from "../lib/types";
import { Icon } from "../parts/icon";
import { Marked } from "../parts/marked";
import { PlayerBar } from "../parts/player";
import { Empty } from "../parts/states";

const EARLY_SECONDS = 0.15; // a line is marked just before it is heard
const REPORT_MS = 300_000;

interface LineProps {
  said: Utterance;
  call: Call;
  words: string[];
  /** Null without a recording, or when it is not known when the line was said. */
  onJump: ((event: MouseEvent) => void) | null;
  isSameSpeaker: boolean;
}

function LineTimes({ said, call, onJump }: LineProps) {
  const zone = call.business.timezone;
  const offset = said.offset_seconds === null ? null : formatOffset(said.offset_seconds);
  return (
    <>
      {offset !== null &&
        (onJump ? (
          <button
            type="button"
            class="said-at"
            aria-label={`Play from ${offset}`}
            onMouseDown={(e) => e.preventDefault()}
          >
            <Icon name="play" size={12} />
            {offset}
          </button>
        ) : (
          <span class="said-at">{offset}</span>
        ))}
      {said.said_at && (
        <time class="said-clock" dateTime={said.said_at} title={formatTimeWithSeconds(said.said_at, zone)}>
          {formatTime(said.said_at, zone)}
        </time>
      )}
    </>
  );
}

/** The whole line jumps for the mouse; for the keyboard and screen readers its time is the button. */
function Line(props: LineProps) {
  const { said, call, words, onJump, isSameSpeaker } = props;
  const kind = `${said.role === "user" ? "is-caller" : "is-assistant"} ${isSameSpeaker ? "is-same" : ""}`;
  return (
    <li class={`said ${kind} ${onJump ? "is-playable" : ""}`} onClick={onJump ?? undefined}>
      <p class="said-head">
        <bdi class={isSameSpeaker ? "hidden" : "said-who"}>{nameSpeaker(said.role, call)}</bdi>
        <LineTimes {...props} />
      </p>
      <p class="said-text" dir="auto">
        <Marked text={said.text} words={words} />
      </p>
    </li>
  );
}

/** Whoever is selecting words to copy does not want to jump. */
const isSelecting = () => (getSelection()?.toString() ?? "") !== "";

function lineKeys(transcript: Utterance[]): string[] {
  const seen = new Map<string, number>();
  return transcript.map(({ role, said_at }) => {
    const base = `${role}${said_at}`;
    const times = seen.get(base) ?? 0;
    seen.set(base, times + 1);
    return `${base}/${times}`;
  });
}

function useLines(call: Call, player: Player | null, words: string[]) {
  const wordsKey = words.join(" ");
  return useMemo(() => {
    const keys = lineKeys(call.transcript);
    const jumpTo = (offset: number | null) =>
      player === null || offset === null ? null : () => isSelecting() || player.jump(Math.max(0, offset));
    return call.transcript.map((said, i) => (
      <Line
        key={keys[i]}
        said={said}
        call={call}
        words={words}
        onJump={jumpTo(said.offset_seconds)}
        isSameSpeaker={call.transcript[i - 1]?.role === said.role}
      />
    ));
  }, [call, player, wordsKey]);
}

/** The index of the line being spoken at a time, or -1 before the first. */
function lineAt(transcript: Utterance[], time: number): number {
  for (let i = transcript.length - 1; i >= 0; i--) {
    const offset = transcript[i]!.offset_seconds;
    if (offset !== null && Math.max(0, offset) <= time + EARLY_SECONDS) return i;
  }
  return -1;
}

/** New lines of a call that goes on are brought into view for whoever reads its end. */
function useGrowth(list: { current: HTMLOListElement | null }, call: Call): void {
  const length = call.transcript.length;
  const before = useRef(length);
  useLayoutEffect(() => {
    const last = list.current?.children[before.current - 1];
    const isGrown = length > before.current;
    before.current = length;
    if (!isGrown || !isGoingOn(call) || !last) return;
    if (last.getBoundingClientRect().top > innerHeight) return;
    if (list.current?.lastElementChild) bringIntoView(list.current.lastElementChild, "nearest");
  }, [length]);
}

function Nothing({ call }: { call: Call }) {
  if (isGoingOn(call)) return <Empty icon="wave" title="Words appear here as they are said" />;
  if (call.has_report) return <Empty icon="wave" title="Nothing was said that could be written down" />;
  const isNeverTaken = /^(twilio|ringback)\./.test(call.ended_reason ?? "");
  if (isNeverTaken) {
    return (
      <Empty icon="phone" title="The AI never took this call">
        {call.has_recording
          ? "What the caller left as a message is in the recording. It was not written down."
          : "So there is nothing to read or to hear."}
      </Empty>
    );
  }
  const isFresh = call.ended_at !== null && now.value - Date.parse(call.ended_at) < REPORT_MS;
  return (
    <Empty icon="clock" title={isFresh ? "The report of this call is on its way" : "No report has come for this call"}>
      {isFresh
        ? "It brings the summary and the transcript, mostly within a minute."
        : "Summary and transcript come with the report. What is known without it stands on this page."}
    </Empty>
  );
}

function Listening() {
  return (
    <p class="listening">
      <span aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      The call goes on
    </p>
  );
}

const LETTERS_PER_SECOND = 15;

/** When a line ends is not told: it ends with the next one, or when it has been read out. */
function turnsOf(transcript: Utterance[]): Turn[] {
  const known = transcript.filter(({ offset_seconds }) => offset_seconds !== null);
  return known.map(({ role, offset_seconds, text }, i) => {
    const from = Math.max(0, offset_seconds!);
    const spoken = from + Math.max(1, text.length / LETTERS_PER_SECOND);
    return { isCaller: role === "user", from, to: Math.min(spoken, known[i + 1]?.offset_seconds ?? Infinity) };
  });
}

function PlayerPlace({ call, player }: { call: Call; player: Player | null }) {
  const turns = useMemo(() => turnsOf(call.transcript), [call.transcript]);
  if (player) return <PlayerBar player={player} turns={turns} />;
  return (
    <p class="no-recording">
      <Icon name="wave" size={18} />
      {isGoingOn(call) ? "The recording can be heard after the call." : "There is no recording of this call."}
    </p>
  );
}

interface TranscriptProps {
  call: Call;
  player: Player | null;
  words: string[];
}

function useFollower(player: Player | null, call: Call, list: { current: HTMLOListElement | null }) {
  const shown = useRef(call.transcript);
  shown.current = call.transcript;
  const follower = useMemo(() => {
    if (!player) return null;
    const line = () => (list.current?.children[lineAt(shown.current, player.time.value)] as HTMLElement) ?? null;
    return new Follower(player, line, () => document.querySelector(".player"));
  }, [player]);
  useEffect(() => follower?.start(), [follower]);
  return follower;
}

export function Transcript({ call, player, words }: TranscriptProps) {
  const list = useRef<HTMLOListElement>(null);
  const follower = useFollower(player, call, list);
  const isAway = useComputed(() => follower?.isAway.value ?? false);
  const lines = useLines(call, player, words);
  const isLive = isGoingOn(call);
  useGrowth(list, call);
  return (
    <section class="card call-talk" aria-labelledby="talk-title">
      <div class="card-head">
        <h2 id="talk-title">{player && lines.length === 0 ? "Recording" : "Conversation"}</h2>
        {lines.length > 0 && <span class="card-note">{countLines(call)}</span>}
      </div>
      <PlayerPlace call={call} player={player} />
      <div class="card-body" role={isLive ? "log" : undefined}>
        {lines.length > 0 ? (
          <ol class="conversation" ref={list}>
            {lines}
          </ol>
        ) : (
          <Nothing call={call} />
        )}
        {isLive && <Listening />}
      </div>
      {isAway.value && (
        <p class="talk-away">
          <button type="button" class="button is-primary" onClick={() => follower?.catchUp()}>
            <Icon name="wave" size={18} />
            Go to what is being said
          </button>
        </p>
      )}
    </section>
  );
}
