// One call: who it was, what became of it, what was said, and how it sounded.
import { useEffect, useMemo, useRef } from "preact/hooks";
import { intakeOf, isGoingOn } from "../lib/call_words";
import { count } from "../lib/format";
import { isLive, onNews } from "../lib/live";
import { countFound, searchWords } from "../lib/marks";
import { bringIntoView } from "../lib/motion";
import { nameCaller } from "../lib/phone";
import { Player } from "../lib/player";
import { place, refine } from "../lib/router";
import { businessId, here, loadMe, me } from "../lib/state";
import type { Call } from "../lib/types";
import { useAsk, type Asked } from "../lib/use_ask";
import { Icon } from "../parts/icon";
import { Screen } from "../parts/screen";
import { Empty, Failed, Loading } from "../parts/states";
import { TickedNotice } from "../parts/tick_off";
import { Timeline } from "./call_events";
import { Bookings } from "./call_bookings";
import { Intake, OtherCalls, Summary, WhatBecame } from "./call_facts";
import { BackLink, CallActions, CallSubtitle } from "./call_head";
import { Transcript } from "./call_transcript";

const ASK_AGAIN_MS = 10_000;
const GATHER_MS = 150; // words come in bursts

/** News of this call are asked for; while no news can come and the call goes on, it is asked for now and then. */
function useNews(id: string, { data, again }: Asked<Call>): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = () => {
      timer = undefined;
      again();
    };
    const stop = onNews((news) => {
      if (news.kind === "reset" || news.calls.some((call) => call.id === id)) timer ??= setTimeout(ask, GATHER_MS);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [id, again]);
  const isOpen = data !== null && isGoingOn(data);
  useEffect(() => {
    if (!isOpen) return;
    const ask = () => !isLive.peek() && document.visibilityState === "visible" && again();
    const timer = setInterval(ask, ASK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [isOpen, again]);
}

/** One player for as long as one looks at the call, since when there is a recording. */
function usePlayer(call: Call): Player | null {
  const shown = useRef(call);
  shown.current = call;
  const canPlay = call.has_recording && !isGoingOn(call);
  return useMemo(
    () => (canPlay ? new Player(call.id, () => shown.current.duration_seconds) : null),
    [canPlay, call.id],
  );
}

function showNext(): void {
  const marks = [...document.querySelectorAll<HTMLElement>("main mark")];
  const at = marks.findIndex((mark) => mark.classList.contains("is-here"));
  marks[at]?.classList.remove("is-here");
  const next = marks[(at + 1) % marks.length];
  next?.classList.add("is-here");
  if (next) bringIntoView(next, "center");
}

function Found({ call, asked, words }: { call: Call; asked: string; words: string[] }) {
  const texts = [call.summary, ...call.transcript.map((said) => said.text), ...intakeOf(call).map((one) => one.text)];
  const found = countFound(texts, words);
  if (found === 0) return null;
  return (
    <p class="notice call-found">
      <Icon name="search" size={18} />
      <span>
        “<bdi>{asked.slice(0, 80)}</bdi>” found {found === 1 ? "once" : count(found, "time")}
      </span>
      <button type="button" class="button is-quiet" onClick={showNext}>
        {found === 1 ? "Show" : "Show next"}
      </button>
    </p>
  );
}

function CallView({ call, error }: { call: Call; error: Asked<Call>["error"] }) {
  const player = usePlayer(call);
  const asked = place.value.query.get("q") ?? "";
  const words = useMemo(() => searchWords(asked), [asked]);
  const name = nameCaller(call.caller_name, call.caller_number);
  return (
    <Screen
      title={name}
      tab={`Call from ${name}`}
      above={<BackLink id={call.id} />}
      subtitle={<CallSubtitle call={call} />}
      actions={<CallActions call={call} />}
    >
      <TickedNotice />
      <div class={`call ${player ? "has-player" : ""}`}>
        {error && error.status !== 0 && (
          <p class="notice" role="status">
            <Icon name="alert" size={18} />
            <span>This could not be brought up to date. {error.message}</span>
          </p>
        )}
        <Found call={call} asked={asked} words={words} />
        <div class="call-main">
          <Summary call={call} words={words} />
          <Transcript call={call} player={player} words={words} />
        </div>
        <div class="call-side">
          <div class="call-facts">
            <WhatBecame call={call} />
            <Intake call={call} words={words} />
            <Bookings call={call} />
          </div>
          <div class="call-more">
            <OtherCalls call={call} />
            <Timeline call={call} />
          </div>
        </div>
      </div>
    </Screen>
  );
}

const HeadBones = () => (
  <span class="call-head-bones">
    <span class="bone" />
    <span class="bone" />
  </span>
);

/** About as tall as what will stand there. */
function Skeleton({ id }: { id: string }) {
  return (
    <Screen
      title="Call"
      above={<BackLink id={id} />}
      subtitle={<HeadBones />}
      actions={<span class="bone call-action-bone" />}
    >
      <div class="call">
        <div class="call-main">
          <div class="card card-body">
            <Loading lines={3} what="Loading the call" />
          </div>
          <div class="card card-body call-bones">
            <span class="bone" />
            <span class="bone" />
            <span class="bone" />
            <span class="bone" />
          </div>
        </div>
        <div class="call-side">
          <div class="card card-body">
            <Loading lines={6} what="Loading what became of it" />
          </div>
        </div>
      </div>
    </Screen>
  );
}

/** Somebody else's call and one that never was look the same. */
function NotFound({ id }: { id: string }) {
  return (
    <Screen title="Not found" tab="Call not found" above={<BackLink id={id} />}>
      <div class="card">
        <Empty icon="search" title="There is no such call, or it is not yours to see">
          <p>The link may be incomplete, or it belongs to another business.</p>
          <p class="call-elsewhere">
            <a class="button" href={here("/calls")}>
              See all calls
            </a>
          </p>
        </Empty>
      </div>
    </Screen>
  );
}

/** A link may lead to a call of another business than the one that the address names: then the address follows. */
function useItsBusiness(call: Call | null): void {
  const of = call?.business.id;
  useEffect(() => {
    if (!of || of === businessId.peek()) return;
    let isOver = false;
    const isKnown = () => me.peek()?.businesses.some((one) => one.id === of) ?? false;
    void (async () => {
      if (!isKnown()) await loadMe(); // one may have come to it since the page was loaded
      if (!isOver && isKnown()) refine({ business: of }, { replace: true });
    })();
    return () => {
      isOver = true;
    };
  }, [of]);
}

const NOWHERE = [400, 404, 422];

export function CallScreen({ id }: { id: string }) {
  const asked = useAsk<Call>(`/api/v1/calls/${encodeURIComponent(id)}`);
  useNews(id, asked);
  const { data, error, again } = asked;
  useItsBusiness(data);
  if (error && NOWHERE.includes(error.status)) return <NotFound id={id} />;
  if (data) return <CallView call={data} error={error} />;
  if (!error) return <Skeleton id={id} />;
  return (
    <Screen title="Call" above={<BackLink id={id} />}>
      <div class="card">
        <Failed error={error} again={again} title="This call could not be loaded" />
      </div>
    </Screen>
  );
}
