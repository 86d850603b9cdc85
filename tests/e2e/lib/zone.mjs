// Time zone arithmetic by Intl alone, for tests that must not believe the program under test.

const formats = new Map();

function parts(ms, zone) {
  if (!formats.has(zone)) {
    const options = { timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit" };
    Object.assign(options, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
    formats.set(zone, new Intl.DateTimeFormat("en-US", options));
  }
  return Object.fromEntries(
    formats
      .get(zone)
      .formatToParts(ms)
      .map((part) => [part.type, part.value]),
  );
}

export function knownZone(zone) {
  try {
    return Boolean(new Intl.DateTimeFormat("en-US", { timeZone: zone }));
  } catch {
    return false;
  }
}

/** "2026-12-01T09:00:00", as clocks in `zone` show the instant. */
export function localTime(ms, zone) {
  const p = parts(ms, zone);
  return `${p.year}-${p.month}-${p.day}T${p.hour}:${p.minute}:${p.second}`;
}

export const localDay = (ms, zone) => localTime(ms, zone).slice(0, 10);

/** Minutes east of Greenwich. */
export function offsetMinutes(ms, zone) {
  const whole = Math.floor(ms / 1000) * 1000;
  return (Date.parse(`${localTime(whole, zone)}Z`) - whole) / 60000;
}

export function offsetText(minutes) {
  const of = Math.abs(minutes);
  const two = (n) => String(n).padStart(2, "0");
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(of / 60))}:${two(of % 60)}`;
}

/** The instants at which clocks in `zone` show `local`: none in a gap, two when the clocks are turned back. */
export function instantsOf(local, zone) {
  const full = local.length === 16 ? `${local}:00` : local;
  const naive = Date.parse(`${full}Z`);
  const day = 24 * 3600000;
  const tried = new Set([naive - day, naive, naive + day].map((ms) => naive - offsetMinutes(ms, zone) * 60000));
  return [...tried].filter((ms) => localTime(ms, zone) === full).sort((a, b) => a - b);
}

/** The first instant, or an error. */
export function instantOf(local, zone) {
  const [first] = instantsOf(local, zone);
  if (first === undefined) throw new Error(`${local} does not exist in ${zone}`);
  return first;
}

export function addDays(day, n) {
  return new Date(Date.parse(`${day}T12:00:00Z`) + n * 24 * 3600000).toISOString().slice(0, 10);
}

export const weekday = (day) =>
  new Intl.DateTimeFormat("en-US", { timeZone: "UTC", weekday: "long" }).format(Date.parse(`${day}T12:00:00Z`));

/** "Friday, December 4". */
export const dayWords = (day) =>
  new Intl.DateTimeFormat("en-US", { timeZone: "UTC", weekday: "long", month: "long", day: "numeric" }).format(
    Date.parse(`${day}T12:00:00Z`),
  );

/** The next local day, from `ms` on, on which the clocks of `zone` go forward ("gap") or back ("fold"). */
export function nextChange(kind, zone, ms = Date.now()) {
  for (let day = addDays(localDay(ms, zone), 2), n = 0; n < 360; n++, day = addDays(day, 1)) {
    const noon = (d) => offsetMinutes(Date.parse(`${d}T12:00:00Z`), zone);
    const by = noon(day) - noon(addDays(day, -1));
    if (kind === "gap" ? by > 0 : by < 0) return day;
  }
  throw new Error(`no such day in ${zone}`);
}
