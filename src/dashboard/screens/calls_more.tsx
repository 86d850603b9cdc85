import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { callerOf, URGENCY_NAMES, type Filters } from "../lib/calls_query";
import { formatPhone } from "../lib/phone";
import { refine } from "../lib/router";
import type { Settings } from "../lib/types";
import { FAMILIES, FAMILY_NAMES, OUTCOME_LABELS, URGENCY_LABELS } from "../lib/words";

interface ChecksProps {
  legend: string;
  name: string;
  chosen: string[];
  choices: { value: string; label: string }[];
}

/** Boxes of which several may be ticked; each tick is in the address at once. */
function Checks({ legend, name, chosen, choices }: ChecksProps) {
  const toggle = (value: string) => {
    const next = chosen.includes(value) ? chosen.filter((one) => one !== value) : [...chosen, value];
    refine({ [name]: next.join(",") || null });
  };
  return (
    <fieldset class="calls-checks">
      <legend>{legend}</legend>
      {choices.map(({ value, label }) => (
        <label key={value}>
          <input type="checkbox" checked={chosen.includes(value)} onChange={() => toggle(value)} />
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}

const LENGTHS = [
  { label: "Any", shorter: null, longer: null },
  { label: "Under 15 s", shorter: "15", longer: null },
  { label: "Under 60 s", shorter: "60", longer: null },
  { label: "Over 5 min", shorter: null, longer: "300" },
];

function Length({ filters }: { filters: Filters }) {
  return (
    <div class="calls-length-choice">
      <p id="calls-length-label">Length</p>
      <div class="segments" role="group" aria-labelledby="calls-length-label">
        {LENGTHS.map(({ label, shorter, longer }) => (
          <button
            key={label}
            type="button"
            aria-pressed={filters.shorter === (shorter ?? "") && filters.longer === (longer ?? "")}
            onClick={() => refine({ shorter, longer })}
          >
            {label}
          </button>
        ))}
      </div>
    </div>
  );
}

function Reason({ reason, reasons }: { reason: string; reasons: string[] }) {
  return (
    <label class="field">
      <span>Reason</span>
      <input
        key={reason}
        list="calls-reasons"
        maxLength={200}
        autocomplete="off"
        placeholder="Any"
        defaultValue={reason}
        onChange={(event) => refine({ reason: event.currentTarget.value.trim() || null })}
      />
      <datalist id="calls-reasons">
        {reasons.map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
    </label>
  );
}

function Caller({ caller }: { caller: string }) {
  const [isWrong, setWrong] = useState(false);
  return (
    <label class="field">
      <span>Caller's number</span>
      <input
        key={caller}
        type="tel"
        autocomplete="off"
        placeholder="All of it, or its last four digits"
        defaultValue={caller}
        aria-invalid={isWrong}
        aria-describedby={isWrong ? "calls-caller-wrong" : undefined}
        onChange={(event) => {
          const number = callerOf(event.currentTarget.value);
          setWrong(number === null);
          if (number !== null) refine({ caller: number || null });
        }}
      />
      {isWrong && (
        <span class="calls-wrong" id="calls-caller-wrong" role="alert">
          At least the last four digits, please.
        </span>
      )}
    </label>
  );
}

/** Only a business with several numbers has to say which. */
function Called({ called, phones }: { called: string; phones: string[] }) {
  const all = called && !phones.includes(called) ? [...phones, called] : phones;
  if (all.length < 2 && !called) return null;
  return (
    <label class="field">
      <span>Called number</span>
      <select value={called} onChange={(event) => refine({ called: event.currentTarget.value || null })}>
        <option value="">Any</option>
        {all.map((phone) => (
          <option key={phone} value={phone}>
            {formatPhone(phone)}
          </option>
        ))}
      </select>
    </label>
  );
}

function Column({ children }: { children: ComponentChildren }) {
  return <div class="calls-more-column">{children}</div>;
}

interface MoreProps {
  filters: Filters;
  settings: Settings | null;
  reasons: string[];
  close: () => void;
}

export function More({ filters, settings, reasons, close }: MoreProps) {
  return (
    <div
      class="card calls-more"
      id="calls-more"
      role="group"
      aria-label="More filters"
      onKeyDown={(event) => {
        if (event.key === "Escape") close();
      }}
    >
      <div class="calls-more-outcomes">
        {FAMILY_NAMES.map((family) => (
          <Checks
            key={family}
            legend={FAMILIES[family].label}
            name="outcome"
            chosen={filters.outcomes}
            choices={FAMILIES[family].outcomes.map((value) => ({ value, label: OUTCOME_LABELS[value] }))}
          />
        ))}
        <Checks
          legend="Urgency"
          name="urgency"
          chosen={filters.urgencies}
          choices={URGENCY_NAMES.map((value) => ({ value, label: URGENCY_LABELS[value] }))}
        />
      </div>
      <Column>
        <Reason reason={filters.reason} reasons={reasons} />
        <Caller caller={filters.caller} />
        <Called called={filters.called} phones={settings?.phones ?? []} />
        <Length filters={filters} />
      </Column>
      <button class="button calls-more-close" onClick={close}>
        Done
      </button>
    </div>
  );
}
