// Numbers, lengths and times for people. Times are the business's own, whatever the browser's zone is.

const LOCALE = navigator.languages.find((one) => one.startsWith("en")) ?? "en-US";

const made = new Map<string, Intl.DateTimeFormat>();

function dates(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = zone + JSON.stringify(options);
  let format = made.get(key);
  if (!format) made.set(key, (format = new Intl.DateTimeFormat(LOCALE, { ...options, timeZone: zone })));
  return format;
}

const integers = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });

export function formatNumber(value: number): string {
  return integers.format(value);
}

export function formatPercent(share: number): string {
  return new Intl.NumberFormat(LOCALE, { style: "percent", maximumFractionDigits: 0 }).format(share);
}

/** "1 call", "2 calls" */
export function count(value: number, one: string, many = `${one}s`): string {
  return `${formatNumber(value)} ${value === 1 ? one : many}`;
}

/** "48 s", "2:37", "1:02:11" */
export function formatLength(seconds: number | null): string {
  if (seconds === null) return "–";
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (n: number) => String(n).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  const rest = `${two(whole % 60)}`;
  return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${rest}`;
}

/** "0:07", "2:37": a place in a recording. */
export function formatOffset(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** For screen readers: "2 minutes 37 seconds". */
export function spokenLength(seconds: number | null): string {
  if (seconds === null) return "length not known";
  const whole = Math.round(seconds);
  const parts = [
    Math.floor(whole / 60) && count(Math.floor(whole / 60), "minute"),
    whole % 60 && count(whole % 60, "second"),
  ];
  return parts.filter(Boolean).join(" ") || "0 seconds";
}

/** "9:04 AM" */
export function formatTime(at: string, zone: string): string {
  return dates(zone, { hour: "numeric", minute: "2-digit" }).format(new Date(at));
}

export function formatTimeWithSeconds(at: string, zone: string): string {
  return dates(zone, { hour: "numeric", minute: "2-digit", second: "2-digit" }).format(new Date(at));
}

/** "Tue, Nov 17, 9:04 AM" */
export function formatMoment(at: string, zone: string): string {
  return dates(zone, { weekday: "short", month: "short", day: "numeric", hour: "numeric", minute: "2-digit" }).format(
    new Date(at),
  );
}

/** "Tuesday, November 17, 2026, 9:04 AM EST": for titles and screen readers. */
export function formatFull(at: string, zone: string): string {
  return dates(zone, {
    weekday: "long",
    month: "long",
    day: "numeric",
    year: "numeric",
    hour: "numeric",
    minute: "2-digit",
    timeZoneName: "short",
  }).format(new Date(at));
}

/** The day of a moment, as "2026-11-17". */
export function dayOf(at: string | number, zone: string): string {
  const parts = dates(zone, { year: "numeric", month: "2-digit", day: "2-digit" }).formatToParts(new Date(at));
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")}`;
}

// A day has no zone: it is reckoned and written in UTC.
const midday = (day: string) => new Date(`${day}T12:00:00Z`);

export function addDays(day: string, days: number): string {
  const date = midday(day);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

/** How many days from one day to another, 0 for the same. */
export function daysBetween(from: string, to: string): number {
  return Math.round((midday(to).getTime() - midday(from).getTime()) / 86_400_000);
}

/** "Tue, Nov 17" */
export function formatDay(day: string): string {
  return dates("UTC", { weekday: "short", month: "short", day: "numeric" }).format(midday(day));
}

/** "Tuesday, November 17" */
export function formatLongDay(day: string): string {
  return dates("UTC", { weekday: "long", month: "long", day: "numeric" }).format(midday(day));
}

/** "Nov 17" */
export function formatShortDay(day: string): string {
  return dates("UTC", { month: "short", day: "numeric" }).format(midday(day));
}

/** "November 2026" */
export function formatMonth(day: string): string {
  return dates("UTC", { month: "long", year: "numeric" }).format(midday(day));
}

/** "Today", "Yesterday", "Tue, Nov 17" */
export function nameDay(day: string, today: string): string {
  const ago = daysBetween(day, today);
  return ago === 0 ? "Today" : ago === 1 ? "Yesterday" : formatDay(day);
}

/** "Oct 24 – Nov 22" */
export function formatRange(from: string, to: string): string {
  return from === to ? formatDay(from) : `${formatShortDay(from)} – ${formatShortDay(to)}`;
}

/** "just now", "12 s ago", "5 min ago", "3 h ago", "2 days ago" */
export function formatAgo(at: string, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - new Date(at).getTime()) / 1000));
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${count(Math.floor(seconds / 86_400), "day")} ago`;
}

/** "Eastern Time (New York)": which clock all times on a page are read off. */
export function nameZone(zone: string): string {
  const city = zone.split("/").at(-1)?.replaceAll("_", " ") ?? zone;
  try {
    const name = new Intl.DateTimeFormat(LOCALE, { timeZone: zone, timeZoneName: "longGeneric" })
      .formatToParts(new Date())
      .find((part) => part.type === "timeZoneName")?.value;
    return name && !name.includes(city) ? `${name} (${city})` : (name ?? zone);
  } catch {
    return zone;
  }
}

/** "12 AM", "7 AM", "1 PM" */
export function formatHour(hour: number): string {
  return dates("UTC", { hour: "numeric" }).format(new Date(Date.UTC(2026, 0, 1, hour)));
}

/** "09:00" as "9:00 AM" */
export function formatClock(clock: string): string {
  return formatTime(`2026-01-01T${clock === "24:00" ? "00:00" : clock}:00Z`, "UTC");
}

/** "today at 7:05 AM", "tomorrow at 7:00 AM", "on Tue, Nov 24, 7:05 AM" */
export function sayMoment(at: string, zone: string, nowMs: number): string {
  const days = daysBetween(dayOf(nowMs, zone), dayOf(at, zone));
  if (days !== 0 && days !== 1) return `on ${formatMoment(at, zone)}`;
  return `${days === 0 ? "today" : "tomorrow"} at ${formatTime(at, zone)}`;
}

export const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"] as const;
