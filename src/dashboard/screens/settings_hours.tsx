// When the business is open: what the digest counts as after hours.
import { useId } from "preact/hooks";
import { formatClock, WEEKDAYS } from "../lib/format";
import type { Draft } from "../lib/settings_draft";
import { Field } from "../parts/field";
import type { GroupProps } from "./settings_fields";

const HALF_HOURS = Array.from(
  { length: 48 },
  (_, i) => `${String(Math.floor(i / 2)).padStart(2, "0")}:${i % 2 ? "30" : "00"}`,
);

/** What was set by other means stays a choice. */
function clocksWith(own: string): string[] {
  return HALF_HOURS.includes(own) ? HALF_HOURS : [...HALF_HOURS, own].sort();
}

interface ClockProps {
  label: string;
  value: string;
  problem: string | undefined;
  isFixed: boolean;
  onChange: (value: string) => void;
}

function Clock({ label, value, problem, isFixed, onChange }: ClockProps) {
  return (
    <Field label={label} problem={problem}>
      {(ids) => (
        <select {...ids} disabled={isFixed} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
          {clocksWith(value).map((clock) => (
            <option key={clock} value={clock}>
              {formatClock(clock)}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

function sayHours({ open_days, opens_at, closes_at }: Draft): string {
  if (open_days.length === 0) return "No day is chosen, so the digest does not tell calls after hours.";
  if (opens_at === closes_at) return "Open around the clock on these days.";
  const next = closes_at < opens_at ? " It closes on the day after." : "";
  return `Calls outside these hours count as after hours in the digest.${next}`;
}

export function OpeningHours({ draft, problems, isFixed, set }: GroupProps) {
  const id = useId();
  const described = [`${id}-help`, problems.open_days ? `${id}-problem` : ""].filter(Boolean).join(" ");
  const toggle = (day: number, isOpen: boolean) =>
    set({ open_days: [...draft.open_days.filter((one) => one !== day), ...(isOpen ? [day] : [])].sort() });
  return (
    <fieldset class="hours" aria-describedby={described}>
      <legend>Opening hours</legend>
      <div class="hours-days">
        {WEEKDAYS.map((name, i) => (
          <label key={name} class="hours-day">
            <input
              type="checkbox"
              aria-label={name}
              disabled={isFixed}
              aria-invalid={problems.open_days ? true : undefined}
              checked={draft.open_days.includes(i + 1)}
              onChange={(event) => toggle(i + 1, event.currentTarget.checked)}
            />
            <span aria-hidden="true">{name.slice(0, 3)}</span>
          </label>
        ))}
      </div>
      {problems.open_days && (
        <p class="field-problem" id={`${id}-problem`} role="alert">
          {problems.open_days}
        </p>
      )}
      <div class="hours-clocks">
        <Clock
          label="Opens"
          value={draft.opens_at}
          problem={problems.opens_at}
          isFixed={isFixed || draft.open_days.length === 0}
          onChange={(opens_at) => set({ opens_at })}
        />
        <Clock
          label="Closes"
          value={draft.closes_at}
          problem={problems.closes_at}
          isFixed={isFixed || draft.open_days.length === 0}
          onChange={(closes_at) => set({ closes_at })}
        />
      </div>
      <p class="field-help" id={`${id}-help`}>
        {sayHours(draft)}
      </p>
    </fieldset>
  );
}
