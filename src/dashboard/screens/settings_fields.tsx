// The fields of the business, and of what happens without an assistant.
import { useMemo } from "preact/hooks";
import { formatTime } from "../lib/format";
import { formatPhone, isDialable } from "../lib/phone";
import { readPhone, timeZones, type Draft, type Problems } from "../lib/settings_draft";
import { now } from "../lib/state";
import type { Settings } from "../lib/types";
import { Field } from "../parts/field";
import { BookingState } from "./settings_booking";
import { OpeningHours } from "./settings_hours";

const MOST_LETTERS = 1000;

export interface GroupProps {
  draft: Draft;
  settings: Settings;
  problems: Problems;
  isFixed: boolean;
  set: (changes: Partial<Draft>) => void;
}

function ZoneField({ draft, problems, isFixed, set }: GroupProps) {
  const zones = useMemo(() => timeZones(draft.timezone), [draft.timezone]);
  const help = (
    <>
      It is {formatTime(new Date(now.value).toISOString(), draft.timezone)} there now. All days and hours are reckoned
      in it.
    </>
  );
  return (
    <Field label="Time zone" help={help} problem={problems.timezone}>
      {(ids) => (
        <select
          {...ids}
          disabled={isFixed}
          value={draft.timezone}
          onChange={(event) => set({ timezone: event.currentTarget.value })}
        >
          {zones.map((zone) => (
            <option key={zone} value={zone}>
              {zone.replaceAll("_", " ")}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export function BusinessGroup(props: GroupProps) {
  const { draft, settings, problems, isFixed, set } = props;
  return (
    <section class="card settings-group" aria-labelledby="business-title">
      <h2 id="business-title">Business</h2>
      <Field label="Name" problem={problems.name}>
        {(ids) => (
          <input
            {...ids}
            type="text"
            maxLength={200}
            autocomplete="organization"
            disabled={isFixed}
            value={draft.name}
            onInput={(event) => set({ name: event.currentTarget.value })}
          />
        )}
      </Field>
      <ZoneField {...props} />
      <OpeningHours {...props} />
      <div class="settings-numbers">
        <h3>Numbers that are answered</h3>
        {settings.phones.length === 0 && <p>None yet.</p>}
        <ul>
          {settings.phones.map((phone) => (
            <li key={phone} class="phone">
              {formatPhone(phone)}
            </li>
          ))}
        </ul>
        <p class="field-help">They are set up by whoever runs this server.</p>
      </div>
      <BookingState calendar={settings.calendar} />
    </section>
  );
}

export function FallbackGroup({ draft, problems, isFixed, set }: GroupProps) {
  const forward = readPhone(draft.forward_to);
  return (
    <section class="card settings-group" aria-labelledby="fallback-title">
      <h2 id="fallback-title">When the assistant cannot answer</h2>
      <p class="settings-about">A caller is put through to the forward number, or else may leave a message.</p>
      <Field
        label="Forward number"
        help={
          isDialable(forward) && draft.forward_to.trim() !== forward
            ? `Will be saved as ${formatPhone(forward)}.`
            : "For example +1 646 555 0187. Leave it empty to take messages only."
        }
        problem={problems.forward_to}
      >
        {(ids) => (
          <input
            {...ids}
            type="tel"
            autocomplete="off"
            disabled={isFixed}
            value={draft.forward_to}
            onInput={(event) => set({ forward_to: event.currentTarget.value })}
          />
        )}
      </Field>
      <Field
        label="Greeting"
        help={
          <>
            What the caller hears then, read out by a voice. Left empty: “Thank you for calling {draft.name.trim()}. We
            can not take your call right now. Please leave your name, number and a short message after the tone.”{" "}
            <span class="number">
              {draft.fallback_greeting.length} of {MOST_LETTERS}
            </span>
          </>
        }
        problem={problems.fallback_greeting}
      >
        {(ids) => (
          <textarea
            {...ids}
            rows={4}
            maxLength={MOST_LETTERS}
            dir="auto"
            disabled={isFixed}
            value={draft.fallback_greeting}
            onInput={(event) => set({ fallback_greeting: event.currentTarget.value })}
          />
        )}
      </Field>
    </section>
  );
}
