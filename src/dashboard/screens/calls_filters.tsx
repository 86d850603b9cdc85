// What one is looking for: words, the choices people make every day, and the rest one touch away. All of it is in the address.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import {
  hasFamily,
  isNarrowed,
  toggleFamily,
  withoutFilters,
  type Filters,
  type UrgencyName,
} from "../lib/calls_query";
import { formatPhone } from "../lib/phone";
import { refine } from "../lib/router";
import { hasShortcuts } from "../lib/shortcuts";
import type { Settings } from "../lib/types";
import { isTyping } from "../lib/use_row_keys";
import { FAMILIES, FAMILY_NAMES, OUTCOME_LABELS, URGENCY_LABELS } from "../lib/words";
import { Icon } from "../parts/icon";
import { PeriodChoice } from "../parts/period";
import { More } from "./calls_more";

const TYPING_MS = 250;

/** Words are looked for while they are being typed; they leave no steps in the history. */
export function Search({ q }: { q: string }) {
  const [text, setText] = useState(q);
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const send = (words: string) => {
    clearTimeout(timer.current);
    timer.current = undefined;
    refine({ q: words.trim() || null }, { replace: true });
  };
  useEffect(() => {
    if (timer.current === undefined) setText((before) => (before.trim() === q ? before : q));
  }, [q]);
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "/" || !hasShortcuts.peek() || isTyping(event)) return;
      event.preventDefault();
      input.current?.focus();
      input.current?.select();
    };
    addEventListener("keydown", onKey);
    return () => {
      removeEventListener("keydown", onKey);
      clearTimeout(timer.current);
    };
  }, []);
  return (
    <form
      role="search"
      class="calls-search"
      onSubmit={(event) => {
        event.preventDefault();
        send(text);
      }}
    >
      <Icon name="search" size={18} />
      <input
        ref={input}
        class="input"
        type="search"
        aria-label="Search calls"
        placeholder="Search names, reasons, what was said"
        maxLength={200}
        enterkeyhint="search"
        autocomplete="off"
        value={text}
        onInput={(event) => {
          const words = event.currentTarget.value;
          setText(words);
          clearTimeout(timer.current);
          timer.current = setTimeout(() => send(words), TYPING_MS);
        }}
      />
      {text ? (
        <button
          type="button"
          class="calls-clear"
          aria-label="Clear the search"
          onClick={() => {
            setText("");
            send("");
            input.current?.focus();
          }}
        >
          <Icon name="close" size={16} />
        </button>
      ) : (
        hasShortcuts.value && (
          <kbd class="calls-key" title="Press / to search">
            /
          </kbd>
        )
      )}
    </form>
  );
}

interface Quick {
  label: string;
  isOn: boolean;
  changes: Record<string, string | null>;
}

function toggledUrgency(filters: Filters, name: UrgencyName): string | null {
  const { urgencies } = filters;
  return (urgencies.includes(name) ? urgencies.filter((one) => one !== name) : [...urgencies, name]).join(",") || null;
}

function quickChoices(filters: Filters): Quick[] {
  const { outcomes, period, isThisWeek, urgencies, isRecorded, isToCallBack } = filters;
  const days = (name: string, isOn: boolean) => ({ period: isOn ? null : name, from: null, to: null });
  const family = (name: "missed" | "answered") => ({ outcome: toggleFamily(outcomes, name).join(",") || null });
  const isToday = period.name === "today";
  const isUrgent = urgencies.includes("high");
  return [
    { label: "Today", isOn: isToday, changes: days("today", isToday) },
    { label: "This week", isOn: isThisWeek, changes: days("week", isThisWeek) },
    { label: "Missed", isOn: hasFamily(outcomes, "missed"), changes: family("missed") },
    { label: "Answered", isOn: hasFamily(outcomes, "answered"), changes: family("answered") },
    { label: "To call back", isOn: isToCallBack, changes: { call_back: isToCallBack ? null : "yes" } },
    { label: "Urgent", isOn: isUrgent, changes: { urgency: toggledUrgency(filters, "high") } },
    { label: "With recording", isOn: isRecorded, changes: { recording: isRecorded ? null : "yes" } },
  ];
}

function lengthWords({ shorter, longer }: Filters): string {
  const said = (seconds: string) => (Number(seconds) % 60 ? `${seconds} s` : `${Number(seconds) / 60} min`);
  if (shorter && longer) return `${said(longer)} to ${said(shorter)} long`;
  return shorter ? `Under ${said(shorter)}` : `Over ${said(longer)}`;
}

interface Active {
  label: string;
  changes: Record<string, string | null>;
}

/** The filters that no quick choice shows, each with what takes it away. */
function activeOf(filters: Filters): Active[] {
  const { outcomes, urgencies, reason, called, caller, shorter, longer } = filters;
  const rest = <T,>(all: T[], one: T) => all.filter((other) => other !== one).join(",") || null;
  const active: Active[] = [];
  for (const family of FAMILY_NAMES) {
    const isQuick = (family === "missed" || family === "answered") && hasFamily(outcomes, family);
    if (isQuick) continue;
    for (const outcome of FAMILIES[family].outcomes)
      if (outcomes.includes(outcome))
        active.push({ label: OUTCOME_LABELS[outcome], changes: { outcome: rest(outcomes, outcome as string) } });
  }
  for (const outcome of outcomes)
    if (!(outcome in OUTCOME_LABELS)) active.push({ label: outcome, changes: { outcome: rest(outcomes, outcome) } });
  for (const urgency of urgencies)
    if (urgency !== "high") {
      const label = URGENCY_LABELS[urgency as UrgencyName] ?? urgency;
      active.push({ label: `Urgency: ${label.toLowerCase()}`, changes: { urgency: rest(urgencies, urgency) } });
    }
  if (reason) active.push({ label: `Reason: ${reason}`, changes: { reason: null } });
  if (called) active.push({ label: `To ${formatPhone(called)}`, changes: { called: null } });
  if (caller) {
    const words = caller.startsWith("+") ? `From ${formatPhone(caller)}` : `Number ends in ${caller}`;
    active.push({ label: words, changes: { caller: null } });
  }
  if (shorter || longer) active.push({ label: lengthWords(filters), changes: { shorter: null, longer: null } });
  return active;
}

function ActiveChips({ filters }: { filters: Filters }) {
  const active = activeOf(filters);
  if (!isNarrowed(filters)) return null;
  return (
    <div class="calls-active">
      {active.length > 0 && (
        <ul aria-label="Filters that are on">
          {active.map(({ label, changes }) => (
            <li key={label}>
              <button class="calls-active-chip" onClick={() => refine(changes)}>
                <span class="hidden">Take away: </span>
                <bdi>{label}</bdi>
                <Icon name="close" size={14} />
              </button>
            </li>
          ))}
        </ul>
      )}
      <button class="calls-active-all" onClick={() => refine(withoutFilters(true))}>
        Clear all
      </button>
    </div>
  );
}

interface BarProps {
  filters: Filters;
  today: string;
  settings: Settings | null;
  reasons: string[];
}

export function FilterBar({ filters, today, settings, reasons }: BarProps) {
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  const hidden = activeOf(filters).length;
  return (
    <section class="calls-filters" aria-label="Filters">
      <div class="calls-first-line">
        <Search q={filters.q} />
        <PeriodChoice period={filters.period} today={today} />
      </div>
      <div class="calls-quick-line">
        <div class="calls-quick" role="group" aria-label="Quick filters">
          {quickChoices(filters).map(({ label, isOn, changes }) => (
            <button key={label} aria-pressed={isOn} onClick={() => refine(changes)}>
              {isOn && <Icon name="check" size={15} />}
              {label}
            </button>
          ))}
        </div>
        <button
          ref={button}
          class="button calls-more-button"
          aria-expanded={isOpen}
          aria-controls="calls-more"
          onClick={() => setOpen(!isOpen)}
        >
          <Icon name="gear" size={17} />
          <span class="calls-more-word">More filters</span>
          {hidden > 0 && (
            <span class="calls-count">
              {hidden}
              <span class="hidden"> on</span>
            </span>
          )}
        </button>
      </div>
      {isOpen && <More filters={filters} settings={settings} reasons={reasons} close={close} />}
      <ActiveChips filters={filters} />
    </section>
  );
}
