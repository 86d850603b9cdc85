// E.164 for people: "+1 (646) 555-0187", "+44 20 7946 0123".

// Country codes of one and of two digits (ITU-T E.164); all others have three.
const ONE = "17";
const TWO = new Set(
  "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98".split(
    " ",
  ),
);

function splitCode(digits: string): [string, string] {
  const length = ONE.includes(digits[0] ?? "") ? 1 : TWO.has(digits.slice(0, 2)) ? 2 : 3;
  return [digits.slice(0, length), digits.slice(length)];
}

/** Groups of three with four at the end, as "20 794 601 23" would be hard to read out. */
function grouped(digits: string): string {
  const groups: string[] = [];
  let rest = digits;
  while (rest.length > 4) {
    const take = rest.length === 5 ? 2 : 3;
    groups.push(rest.slice(0, take));
    rest = rest.slice(take);
  }
  return [...groups, rest].join(" ");
}

/** What carriers send instead of a number that the caller keeps back. */
const WITHHELD = /^(anonymous|restricted|blocked|unknown|unavailable|private|withheld)$/i;

/** What is not E.164, such as a SIP address, is given back as it is. */
export function formatPhone(number: string): string {
  if (WITHHELD.test(number)) return "Withheld number";
  const digits = /^\+([1-9]\d{5,14})$/.exec(number)?.[1];
  if (!digits) return number;
  const [code, rest] = splitCode(digits);
  if (code === "1" && rest.length === 10) return `+1 (${rest.slice(0, 3)}) ${rest.slice(3, 6)}-${rest.slice(6)}`;
  if (code === "44" && /^2\d{9}$/.test(rest)) return `+44 ${rest.slice(0, 2)} ${rest.slice(2, 6)} ${rest.slice(6)}`;
  return `+${code} ${grouped(rest)}`;
}

/** May it be dialled? */
export function isDialable(number: string | null): number is string {
  return number !== null && /^\+[1-9]\d{5,14}$/.test(number);
}

/** A caller whose number is not known, or withheld. */
export function nameCaller(name: string | null, number: string | null): string {
  return name ?? (number ? formatPhone(number) : "Withheld number");
}
