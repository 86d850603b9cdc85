// Whom do I call back, and why? Then: how it goes.
import { dayOf, formatAgo, formatLongDay, formatRange, nameZone } from "../lib/format";
import { isLive } from "../lib/live";
import { periodOf, type Period } from "../lib/period";
import { place } from "../lib/router";
import { business, now } from "../lib/state";
import type { Overview } from "../lib/types";
import { PeriodChoice } from "../parts/period";
import { Screen } from "../parts/screen";
import { Empty, Failed } from "../parts/states";
import { CallBackFirst } from "./today_call_back";
import { PerDay, PerHour, PerWeekday } from "./today_charts";
import { useNewCalls, useOverview } from "./today_data";
import { Bones, FirstSteps } from "./today_empty";
import { isNew, namePeriod, recentDays, sayToCallBack } from "./today_figures";
import { DigestUnreached } from "./today_recipients";
import { Outcomes, Reasons } from "./today_shares";
import { Tiles } from "./today_tiles";

/** A week: on a Monday morning Friday's callers still wait, and each weekday is set against its like. */
const STANDARD = "7";

function Freshness({ at }: { at: string | null }) {
  const live = isLive.value;
  return (
    <span class={`fresh${live ? " is-live" : ""}`}>
      {live && <b>Live</b>}
      {at && (
        <span>
          Last event <time dateTime={at}>{formatAgo(at, now.value)}</time>
        </span>
      )}
    </span>
  );
}

function Subtitle({ period, today, overview }: { period: Period; today: string; overview: Overview | null }) {
  const zone = business.value!.timezone;
  const days =
    period.name === STANDARD
      ? formatLongDay(today)
      : period.from === period.to
        ? formatLongDay(period.from)
        : formatRange(period.from, period.to);
  return (
    <span class="today-subtitle">
      <span>{days}</span>
      <span>{nameZone(zone)}</span>
      <Freshness at={overview?.freshness.last_event_at ?? null} />
    </span>
  );
}

interface NumbersProps {
  overview: Overview;
  period: Period;
  today: string;
}

function Charts({ overview, period }: NumbersProps) {
  const isOneDay = overview.range.days === 1;
  return (
    <>
      {isOneDay ? <PerHour overview={overview} /> : <PerDay overview={overview} />}
      <Outcomes overview={overview} period={period} />
      {!isOneDay && <PerWeekday overview={overview} />}
      <Reasons overview={overview} period={period} />
    </>
  );
}

function NoCalls({ overview, today }: NumbersProps) {
  return (
    <section class="card today-days">
      <Empty icon="phone" title={overview.range.from === today ? "No calls today so far" : "No calls in this period"}>
        <p>A new call appears here by itself. For older ones choose a longer period.</p>
      </Empty>
    </section>
  );
}

function Numbers(props: NumbersProps) {
  const { overview, period, today } = props;
  const isOneDay = overview.range.days === 1;
  return (
    <div class={`today${isOneDay ? " is-one-day" : ""}`}>
      <CallBackFirst overview={overview} period={period} />
      <Tiles overview={overview} period={period} today={today} />
      {overview.tiles.calls.value ? <Charts {...props} /> : <NoCalls {...props} />}
    </div>
  );
}

function Brief({ overview, period, today }: NumbersProps) {
  return (
    <p class="brief">
      <b>{sayToCallBack(overview, period)}</b> {overview.range.days > 1 && recentDays(overview, today).join(" ")}
    </p>
  );
}

export function Today() {
  const today = dayOf(now.value, business.value!.timezone);
  const period = periodOf(place.value.query, today, STANDARD);
  const asked = useOverview(period);
  const newCalls = useNewCalls();
  const { data, error } = asked;
  return (
    <Screen
      title={period.name === STANDARD ? "Today" : namePeriod(period)}
      subtitle={<Subtitle period={period} today={today} overview={data} />}
      actions={<PeriodChoice period={period} today={today} />}
    >
      <p class="hidden" role="status">
        {newCalls}
      </p>
      <DigestUnreached />
      {data && error && error.status > 0 && (
        <p class="notice today-stale" role="status">
          These numbers could not be brought up to date. {error.message}
        </p>
      )}
      {!data && error && <Failed error={error} again={asked.again} />}
      {!data && !error && <Bones isOneDay={period.from === period.to} />}
      {data && isNew(data) && <FirstSteps />}
      {data && !isNew(data) && (
        <div class="today-all" aria-busy={asked.isLoading}>
          <Brief overview={data} period={period} today={today} />
          <Numbers overview={data} period={period} today={today} />
          <p class="small-print">
            Totals are calls, not callers. All days and hours are {nameZone(data.business.timezone)}.
            {data.range.to === today && " Today is not over yet."}
          </p>
        </div>
      )}
    </Screen>
  );
}
