// What is being changed in the settings, before it is saved.
import type { Settings } from "./types";

export interface Draft {
  name: string;
  email: string;
  timezone: string;
  digest_enabled: boolean;
  digest_hour: number;
  skip_empty_digest: boolean;
  open_days: number[];
  opens_at: string;
  closes_at: string;
  forward_to: string;
  fallback_greeting: string;
}

export type DraftKey = keyof Draft;

/** What the server says of a field, by the field's name. */
export type Problems = Partial<Record<DraftKey | "form", string>>;

export function draftOf(settings: Settings): Draft {
  return {
    name: settings.name,
    email: settings.email ?? "",
    timezone: settings.timezone,
    digest_enabled: settings.digest_enabled,
    digest_hour: settings.digest_hour,
    skip_empty_digest: settings.skip_empty_digest,
    open_days: settings.open_days,
    opens_at: settings.opens_at,
    closes_at: settings.closes_at,
    forward_to: settings.forward_to ?? "",
    fallback_greeting: settings.fallback_greeting ?? "",
  };
}

/** "(646) 555-0187" and "646 555 0187" as E.164; a number without a country is taken for a North American one. */
export function readPhone(text: string): string {
  const bare = text.replace(/[\s().\-/]/g, "");
  if (/^\+\d+$/.test(bare)) return bare;
  const local = /^1?(\d{10})$/.exec(bare)?.[1];
  return local ? `+1${local}` : text.trim();
}

const OPTIONAL: DraftKey[] = ["email", "forward_to", "fallback_greeting"];

type Value = Draft[DraftKey] | null;

function valueOf(key: DraftKey, draft: Draft): Value {
  const value = key === "forward_to" ? readPhone(draft.forward_to) : draft[key];
  const text = typeof value === "string" ? value.trim() : value;
  return text === "" && OPTIONAL.includes(key) ? null : text;
}

/** The settings that differ from what the server has, as it wants them. */
export function changesOf(draft: Draft, settings: Settings): Partial<Record<DraftKey, Value>> {
  const keys = Object.keys(draft) as DraftKey[];
  const before = draftOf(settings);
  const text = (key: DraftKey, of: Draft) => JSON.stringify(valueOf(key, of)); // days are a list
  const changed = keys.filter((key) => text(key, draft) !== text(key, before));
  return Object.fromEntries(changed.map((key) => [key, valueOf(key, draft)]));
}

/** "digest_hour: must be …" goes to its field. */
export function problemsOf(message: string): Problems {
  const [, key, words] = /^([a-z_]+): (.*)$/s.exec(message) ?? [];
  const fields: string[] = ["name", "email", "timezone", "digest_enabled", "digest_hour", "skip_empty_digest"];
  fields.push("open_days", "opens_at", "closes_at", "forward_to", "fallback_greeting");
  const known = fields.includes(key ?? "");
  return known && words
    ? { [key as DraftKey]: `${words[0]!.toUpperCase()}${words.slice(1).replace(/, or null$/, "")}.` }
    : { form: message };
}

/** All zones that the browser knows, and the business's own. */
export function timeZones(own: string): string[] {
  const known = Intl.supportedValuesOf("timeZone");
  return known.includes(own) ? known : [own, ...known].sort();
}
