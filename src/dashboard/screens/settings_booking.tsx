// Whether callers can be booked in: to be read only, for the key to the calendar is kept where the server is run.
import type { Settings } from "../lib/types";

interface State {
  chip: string;
  family: "answered" | "missed" | "other";
  words: string;
}

const STATES: Record<Settings["calendar"], State> = {
  off: { chip: "Off", family: "other", words: "The assistant books nothing and takes a message instead." },
  connected: {
    chip: "On and connected",
    family: "answered",
    words: "The assistant looks for a free time and books it while the caller is on the phone.",
  },
  not_connected: {
    chip: "On, but not connected",
    family: "missed",
    words: "There is no calendar to book in yet, so the assistant takes a message instead.",
  },
  refused: {
    chip: "On, but Cal.com refuses the key",
    family: "missed",
    words: "Nothing can be booked until there is a key that works, so the assistant takes a message instead.",
  },
};

export function BookingState({ calendar }: { calendar: Settings["calendar"] }) {
  const { chip, family, words } = STATES[calendar];
  return (
    <div class="settings-numbers">
      <h3>Booking through Cal.com</h3>
      <p>
        <span class={`chip is-${family}`}>{chip}</span>
      </p>
      <p class="field-help">
        {words} Whoever runs this server can change that: <code>ringback calcom</code>.
      </p>
    </div>
  );
}
