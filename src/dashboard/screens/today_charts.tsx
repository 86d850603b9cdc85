import { AsTable } from "../charts/as_table";
import { Bars, type Column } from "../charts/bars";
import { formatHour, formatHours, Heat } from "../charts/heat";
import { bucketsOf, busiestOf, isLabelled, labelStep, WEEKDAYS, weekday, type Bucket } from "../charts/scale";
import { useSize } from "../charts/use_size";
import { count, formatDay, formatLongDay, formatNumber, formatRange, formatShortDay } from "../lib/format";
import { here } from "../lib/state";
import type { Overview } from "../lib/types";
import { countFamily, FAMILIES, FAMILY_NAMES, familyOf, OUTCOME_LABELS } from "../lib/words";

const LABEL_WIDTH = 58;

function Key() {
  return (
    <ul class="key" aria-label="Colours">
      {FAMILY_NAMES.map((family) => (
        <li key={family}>
          <i class={`dot is-${family}`} />
          {FAMILIES[family].label}
        </li>
      ))}
    </ul>
  );
}

const outcomesIn = (bucket: Bucket) =>
  FAMILY_NAMES.flatMap((family) => FAMILIES[family].outcomes)
    .map((outcome) => ({ outcome, calls: bucket.counts[outcome] ?? 0 }))
    .filter(({ calls }) => calls > 0);

function Detail({ bucket }: { bucket: Bucket }) {
  return (
    <ul class="tip-list">
      <li>
        <span>{bucket.calls === 1 ? "Call" : "Calls"}</span>
        <b>{formatNumber(bucket.calls)}</b>
      </li>
      {outcomesIn(bucket).map(({ outcome, calls }) => (
        <li key={outcome}>
          <i class={`dot is-${familyOf(outcome)}`} />
          <span>{OUTCOME_LABELS[outcome]}</span>
          <b>{formatNumber(calls)}</b>
        </li>
      ))}
    </ul>
  );
}

const nameBucket = ({ from, to }: Bucket) => (from === to ? formatLongDay(from) : formatRange(from, to));

function columnOf(bucket: Bucket, label: string | null): Column {
  const families = FAMILY_NAMES.map((family) => ({ family, value: countFamily(bucket.counts, family) }));
  const words = families
    .filter(({ value }) => value > 0)
    .map(({ family, value }) => `${formatNumber(value)} ${FAMILIES[family].label.toLowerCase()}`);
  return {
    name: nameBucket(bucket),
    label,
    parts: families,
    total: bucket.calls,
    spoken: [`${nameBucket(bucket)}: ${count(bucket.calls, "call")}`, ...words].join(", "),
    detail: <Detail bucket={bucket} />,
    href: here("/calls", { from: bucket.from, to: bucket.to }),
  };
}

function labelOf(day: string, days: number): string {
  return days <= 7 ? `${WEEKDAYS[weekday(day)]!.slice(0, 3)} ${Number(day.slice(8))}` : formatShortDay(day);
}

function columnsOf(overview: Overview, width: number): Column[] {
  const buckets = bucketsOf(overview.by_day, width);
  const perWeek = buckets.length < overview.by_day.length;
  const days = overview.by_day.length;
  const step = labelStep(days, Math.floor(width / LABEL_WIDTH));
  const first = perWeek ? 1 : 0; // a first week may begin on any day
  return buckets.map((bucket, i) => {
    const has = isLabelled(bucket.from, i, buckets.length, perWeek ? Math.max(7, step) : step) && i >= first;
    return columnOf(bucket, has ? labelOf(bucket.from, days) : null);
  });
}

export function PerDay({ overview }: { overview: Overview }) {
  const { ref, width, height } = useSize<HTMLDivElement>();
  const columns = columnsOf(overview, width);
  const isPerWeek = width > 0 && columns.length < overview.by_day.length;
  const title = isPerWeek ? "Calls per week" : "Calls per day";
  return (
    <section class="card today-days" aria-labelledby="days-title">
      <div class="card-head">
        <h2 id="days-title">{title}</h2>
        <Key />
      </div>
      <div class="card-body">
        <div class="bars-box" ref={ref}>
          <Bars
            columns={columns}
            width={width}
            height={height}
            label={isPerWeek ? "Week" : "Day"}
            linkText={isPerWeek ? "See this week's calls" : "See this day's calls"}
          />
        </div>
        <AsTable
          caption="Calls per day by outcome"
          head={["Day", "Calls", ...FAMILY_NAMES.map((family) => FAMILIES[family].label)]}
          rows={() =>
            bucketsOf(overview.by_day, Infinity).map((day) => [
              formatDay(day.from),
              formatNumber(day.calls),
              ...FAMILY_NAMES.map((family) => formatNumber(countFamily(day.counts, family))),
            ])
          }
        />
      </div>
    </section>
  );
}

/** Of a single day: when its calls came. */
export function PerHour({ overview }: { overview: Overview }) {
  const { ref, width, height } = useSize<HTMLDivElement>();
  const hours = overview.by_hour[weekday(overview.range.from)] ?? [];
  const columns = hours.map((calls, hour): Column => ({
    name: formatHours(hour),
    label: hour % (width > 560 ? 3 : 6) === 0 ? formatHour(hour) : null,
    parts: [{ family: "all", value: calls }],
    total: calls,
    spoken: `${formatHours(hour)}: ${count(calls, "call")}`,
    detail: <p class="tip-plain">{count(calls, "call")}</p>,
    href: null,
  }));
  return (
    <section class="card today-days" aria-labelledby="hours-title">
      <div class="card-head">
        <h2 id="hours-title">Calls by hour</h2>
        <p class="card-note">{formatLongDay(overview.range.from)}</p>
      </div>
      <div class="card-body">
        <div class="bars-box" ref={ref}>
          <Bars columns={columns} width={width} height={height} label="Hour" />
        </div>
        <AsTable
          caption="Calls by hour"
          head={["Hour", "Calls"]}
          rows={() => hours.map((calls, hour) => [formatHours(hour), formatNumber(calls)])}
        />
      </div>
    </section>
  );
}

export function PerWeekday({ overview }: { overview: Overview }) {
  const busiest = busiestOf(overview.by_hour);
  return (
    <section class="card today-heat" aria-labelledby="heat-title">
      <div class="card-head">
        <h2 id="heat-title">When people call</h2>
        {busiest && (
          <p class="card-note">
            Busiest:{" "}
            <b>
              {WEEKDAYS[busiest.weekday]} {formatHours(busiest.hour)}
            </b>
            , {count(busiest.calls, "call")}
          </p>
        )}
      </div>
      <div class="card-body">
        <Heat byHour={overview.by_hour} />
      </div>
    </section>
  );
}
