import type { ComponentChildren } from "preact";
import { Explain } from "../parts/explain";
import { formatLength, formatNumber, formatPercent, spokenLength } from "../lib/format";
import { periodQuery, type Period } from "../lib/period";
import { here } from "../lib/state";
import type { BookingTileName, Overview, Tile, TileName } from "../lib/types";
import { FAMILIES } from "../lib/words";
import { changeOf, isBetter, lengthChangeOf, nameBefore, namePeriod, type Change } from "./today_figures";

interface TileOf {
  name: TileName | BookingTileName;
  label: string;
  /** What the list of calls is asked for; none: it is no list of calls. */
  query?: Record<string, string>;
  isLength?: boolean;
  isShare?: boolean;
  /** What is open now; what was open before and done since says nothing beside it. */
  isOpenNow?: boolean;
}

const TILES: TileOf[] = [
  { name: "calls", label: "Calls", query: {} },
  { name: "unique_callers", label: "Unique callers" },
  { name: "answered", label: "Answered by AI", query: { outcome: FAMILIES.answered.outcomes.join() } },
  { name: "missed", label: "Missed", query: { outcome: FAMILIES.missed.outcomes.join() } },
  { name: "to_call_back", label: "To call back", query: { call_back: "yes" }, isOpenNow: true },
  { name: "average_seconds", label: "Average length", isLength: true },
  { name: "bookings", label: "Bookings", query: { outcome: "booked" } },
  { name: "booking_rate", label: "Booking rate", isShare: true },
];

const ARROWS = { up: "↑", down: "↓", same: "" };
const WORDS = { up: "up", down: "down", same: "" };

function ChangeText({ name, change, before }: { name: TileOf["name"]; change: Change; before: string }) {
  const better = isBetter(name, change.direction);
  if (change.direction === "same") return <>Same as before</>;
  return (
    <>
      <span class={better === null ? "change" : better ? "change is-better" : "change is-worse"}>
        <span aria-hidden="true">{ARROWS[change.direction]}</span>
        <span class="hidden">{WORDS[change.direction]} </span> {change.by}
        {better !== null && <span class="hidden"> ({better ? "better" : "worse"})</span>}
      </span>{" "}
      from {before}
    </>
  );
}

/** A day that goes on is not set against a whole one by a percentage. */
function Against({ of, tile, isPart }: { of: TileOf; tile: Tile; isPart: boolean }) {
  const write = of.isLength ? formatLength : of.isShare ? formatPercent : formatNumber;
  if (tile.previous === null) return null;
  if (isPart) return <>Yesterday {write(tile.previous)}</>;
  const change = of.isShare ? null : of.isLength ? lengthChangeOf(tile) : changeOf(tile);
  return change ? (
    <ChangeText name={of.name} change={change} before={write(tile.previous)} />
  ) : (
    <>{write(tile.previous)} before</>
  );
}

function Value({ of, value }: { of: TileOf; value: number | null }) {
  if (of.isShare) return <>{value === null ? "–" : formatPercent(value)}</>;
  if (!of.isLength) return <>{formatNumber(value ?? 0)}</>;
  return (
    <>
      <span aria-hidden="true">{formatLength(value)}</span>
      <span class="hidden">{spokenLength(value)}</span>
    </>
  );
}

function TileBox({
  of,
  tile,
  overview,
  period,
  isPart,
}: {
  of: TileOf;
  tile: Tile;
  overview: Overview;
  period: Period;
  isPart: boolean;
}) {
  const isLink = of.query && (tile.value ?? 0) > 0;
  const label: ComponentChildren = isLink ? (
    <a class="tile-link" href={here("/calls", { ...periodQuery(period), ...of.query })}>
      {of.label}
    </a>
  ) : (
    of.label
  );
  return (
    <div class={`tile explained is-${of.name}${isLink ? " is-link" : ""}`}>
      <dt class="tile-label">
        {label}
        <Explain what={of.label.toLowerCase()} text={overview.definitions[of.name] ?? ""} />
      </dt>
      <dd class="tile-value">
        <Value of={of} value={tile.value} />
      </dd>
      <dd class="tile-change">
        {of.isOpenNow ? (
          "Waiting now"
        ) : overview.tiles.calls.previous ? (
          <Against of={of} tile={tile} isPart={isPart} />
        ) : null}
      </dd>
    </div>
  );
}

export function Tiles({ overview, period, today }: { overview: Overview; period: Period; today: string }) {
  const { range } = overview;
  const isPart = range.days === 1 && range.to === today;
  return (
    <section class="card today-tiles" aria-labelledby="tiles-title">
      <div class="card-head">
        <h2 id="tiles-title">{namePeriod({ ...period, from: range.from, to: range.to })}</h2>
        <p class="card-note">{isPart ? "Not over yet" : nameBefore(overview)}</p>
      </div>
      <dl class="tiles">
        {TILES.map((of) => {
          const tile = overview.tiles[of.name];
          return (
            tile && <TileBox key={of.name} of={of} tile={tile} overview={overview} period={period} isPart={isPart} />
          );
        })}
      </dl>
    </section>
  );
}
