import { useLayoutEffect, useRef } from "preact/hooks";
import { refine } from "../lib/router";
import { PERIODS, periodQuery, type Period, type PeriodName } from "../lib/period";

/** How much of what comes after the chosen one stays in sight, where not all fit. */
const PEEK = 48;

interface PeriodChoiceProps {
  period: Period;
  /** The newest day there is. */
  today: string;
}

/** Which days; the choice goes into the address. */
export function PeriodChoice({ period, today }: PeriodChoiceProps) {
  const choose = (name: PeriodName) => refine({ cursor: null, ...periodQuery({ ...period, name }) });
  const setDay = (side: "from" | "to", day: string) => {
    if (day) refine({ cursor: null, ...periodQuery({ ...period, name: "custom", [side]: day }) });
  };
  const group = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const box = group.current;
    const chosen = box?.querySelector<HTMLElement>("[aria-pressed=true]");
    if (box && chosen)
      box.scrollLeft = chosen.offsetLeft - box.offsetLeft + chosen.clientWidth + PEEK - box.clientWidth;
  }, [period.name]);
  return (
    <div class="period">
      <div class="segments" ref={group} role="group" aria-label="Period">
        {PERIODS.map(({ name, label }) => (
          <button key={name} type="button" aria-pressed={period.name === name} onClick={() => choose(name)}>
            {label}
          </button>
        ))}
      </div>
      {period.name === "custom" && (
        <div class="period-days">
          <input
            class="input"
            type="date"
            aria-label="First day"
            value={period.from}
            max={today}
            onChange={(e) => setDay("from", e.currentTarget.value)}
          />
          <span aria-hidden="true">–</span>
          <input
            class="input"
            type="date"
            aria-label="Last day"
            value={period.to}
            max={today}
            onChange={(e) => setDay("to", e.currentTarget.value)}
          />
        </div>
      )}
    </div>
  );
}
