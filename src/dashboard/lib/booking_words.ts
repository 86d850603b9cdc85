// What came of asking for an appointment. The words are the server's, the same as in the daily mail: private.booking_text.
import { formatMoment } from "./format";
import type { Booking, BookingStatus, Call } from "./types";

type Told = Pick<Booking, "status" | "text" | "promised" | "starts_at">;

/** Nobody can be sure of it, or the caller was told so: somebody has to call back. */
export const isOpen = ({ status, promised }: Told) => promised || status === "failed" || status === "unknown";

export type Mark = "booked" | "waiting" | "refused" | "open";

const MARKS: Partial<Record<BookingStatus, Mark>> = { confirmed: "booked", asked: "waiting", pending: "waiting" };

/** How it looks; the words say the same. */
export const markOf = (booking: Told): Mark => (isOpen(booking) ? "open" : (MARKS[booking.status] ?? "refused"));

/** In few words, for a row: when the appointment is, or why there is none. */
export function briefly(booking: Told, zone: string): string {
  return booking.status === "confirmed" && booking.starts_at ? formatMoment(booking.starts_at, zone) : booking.text;
}

/** "Booked: Fri, Nov 20, 10:30 AM" */
export function inFull(booking: Told, zone: string): string {
  const { text, starts_at } = booking;
  return `${text}${starts_at ? `: ${formatMoment(starts_at, zone)}` : ""}${isOpen(booking) ? ". Call back." : ""}`;
}

const SURE: BookingStatus[] = ["confirmed", "pending", "asked"];

/** What to do about a call in which an appointment was wanted and nobody can be sure that there is one. */
export function bookingAdvice({ bookings }: Call): string | null {
  if (bookings.some(({ status, promised }) => promised && status !== "unknown"))
    return "The caller was told that somebody would call back about the appointment. Call back.";
  if (bookings.some(({ status }) => SURE.includes(status))) return null;
  if (bookings.some(({ status }) => status === "unknown"))
    return "An appointment was asked for, and it is not certain that it was booked. Look into Cal.com, then call back.";
  if (bookings.some(({ status }) => status === "failed"))
    return "An appointment was asked for and could not be booked. Call back to find a time.";
  return null;
}
