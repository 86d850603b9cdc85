// The daily digest in the settings: when it comes, who gets it.
import { formatHour, nameZone } from "../lib/format";
import { Field, Switch } from "../parts/field";
import { NothingIsSent } from "./digests";
import { RecipientList } from "./recipients";
import type { GroupProps } from "./settings_fields";

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

export function DigestGroup({ draft, settings, problems, isFixed, set }: GroupProps) {
  const isOff = isFixed || !draft.digest_enabled;
  return (
    <section class="card settings-group" aria-labelledby="digest-title">
      <h2 id="digest-title">Daily digest</h2>
      <p class="settings-about">One mail a day: whom to call back, and the day in numbers.</p>
      {!settings.sending && <NothingIsSent />}
      <Switch
        label="Send the digest"
        isOn={draft.digest_enabled}
        isFixed={isFixed}
        onChange={(digest_enabled) => set({ digest_enabled })}
      />
      <Field label="Hour" help={`In ${nameZone(draft.timezone)}.`} problem={problems.digest_hour}>
        {(ids) => (
          <select
            {...ids}
            class="settings-hour"
            disabled={isOff}
            value={String(draft.digest_hour)}
            onChange={(event) => set({ digest_hour: Number(event.currentTarget.value) })}
          >
            {HOURS.map((hour) => (
              <option key={hour} value={String(hour)}>
                {formatHour(hour)}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field
        label="Recipients"
        help="Up to ten addresses, separated by commas. Without any it goes to the owner's address."
        problem={problems.email}
      >
        {(ids) => (
          <input
            {...ids}
            type="text"
            inputMode="email"
            autocomplete="off"
            spellcheck={false}
            disabled={isOff}
            value={draft.email}
            onInput={(event) => set({ email: event.currentTarget.value })}
          />
        )}
      </Field>
      {settings.digest_enabled && <RecipientList email={settings.email} zone={settings.timezone} />}
      <Switch
        label="Skip days without calls"
        help="Else a day without calls brings two friendly lines, so that you know that all is well."
        isOn={draft.skip_empty_digest}
        isFixed={isOff}
        onChange={(skip_empty_digest) => set({ skip_empty_digest })}
      />
    </section>
  );
}
