// What became of the calls, and what they were about: bars with their counts, each a way to those calls.
import { count, formatNumber, formatPercent } from "../lib/format";
import { periodQuery, type Period } from "../lib/period";
import { here } from "../lib/state";
import type { Overview } from "../lib/types";
import { capitalise, FAMILIES, FAMILY_NAMES, familyOf, OUTCOME_LABELS } from "../lib/words";
import { Explain } from "../parts/explain";
import { sayCompleteness } from "./today_figures";

interface ShareProps {
  text: string;
  calls: number;
  total: number;
  largest: number;
  family: string;
  href: string;
}

function Share({ text, calls, total, largest, family, href }: ShareProps) {
  const share = total > 0 ? calls / total : 0;
  return (
    <li class="share">
      <a class="share-text" href={href} dir="auto">
        {text}
      </a>
      <span class="share-count">
        {formatNumber(calls)}
        <span class="hidden"> {calls === 1 ? "call" : "calls"}, </span>
      </span>
      <span class="share-part">{share > 0 && share < 0.01 ? `< ${formatPercent(0.01)}` : formatPercent(share)}</span>
      <span class="share-track" aria-hidden="true">
        <span class={`share-bar is-${family}`} style={{ width: `${(100 * calls) / Math.max(1, largest)}%` }} />
      </span>
    </li>
  );
}

export function Outcomes({ overview, period }: { overview: Overview; period: Period }) {
  const total = overview.tiles.calls.value ?? 0;
  const all = FAMILY_NAMES.flatMap((family) =>
    FAMILIES[family].outcomes
      .map((outcome) => ({ outcome, calls: overview.outcomes[outcome] ?? 0 }))
      .sort((a, b) => b.calls - a.calls),
  ).filter(({ calls }) => calls > 0);
  const rate = overview.tiles.answer_rate;
  return (
    <section class="card today-outcomes" aria-labelledby="outcomes-title">
      <div class="card-head explained">
        <h2 id="outcomes-title">What became of them</h2>
        {rate.value !== null && (
          <p class="card-note">
            Answer rate <b>{formatPercent(rate.value)}</b>
            <Explain what="answer rate" text={overview.definitions.answer_rate ?? ""} />
          </p>
        )}
      </div>
      <div class="card-body">
        <ul class="shares">
          {all.map(({ outcome, calls }) => (
            <Share
              key={outcome}
              text={OUTCOME_LABELS[outcome]}
              calls={calls}
              total={total}
              largest={Math.max(...all.map((one) => one.calls))}
              family={familyOf(outcome)}
              href={here("/calls", { ...periodQuery(period), outcome })}
            />
          ))}
        </ul>
        <p class="small-print">
          {rate.value !== null && rate.previous !== null && `Answer rate before: ${formatPercent(rate.previous)}. `}
          {sayCompleteness(overview)}
        </p>
      </div>
    </section>
  );
}

export function Reasons({ overview, period }: { overview: Overview; period: Period }) {
  const total = overview.tiles.calls.value ?? 0;
  const { reasons } = overview;
  return (
    <section class="card today-reasons" aria-labelledby="reasons-title">
      <div class="card-head">
        <h2 id="reasons-title">Why people call</h2>
        {reasons.length > 0 && <p class="card-note">Share of {count(total, "call")}</p>}
      </div>
      <div class="card-body">
        {reasons.length === 0 && <p class="card-note">No caller has given a reason in this period.</p>}
        <ol class="shares">
          {reasons.map(({ reason, calls }) => (
            <Share
              key={reason}
              text={capitalise(reason)}
              calls={calls}
              total={total}
              largest={reasons[0]!.calls}
              family="all"
              href={here("/calls", { ...periodQuery(period), reason })}
            />
          ))}
        </ol>
      </div>
    </section>
  );
}
