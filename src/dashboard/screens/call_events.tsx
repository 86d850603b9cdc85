// What the providers said of a call, one after the other: for whoever looks after the line.
import { useState } from "preact/hooks";
import { nameEvent, nameSource } from "../lib/call_words";
import { count, formatTimeWithSeconds } from "../lib/format";
import type { Call } from "../lib/types";
import { Icon } from "../parts/icon";

export function Timeline({ call }: { call: Call }) {
  const [isOpen, setOpen] = useState(false);
  const { events } = call;
  const zone = call.business.timezone;
  return (
    <details class="card call-timeline" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <h2>Behind the scenes</h2>
        <span class="card-note">{count(events.length, "message")}, for operators</span>
        <Icon name="down" size={18} />
      </summary>
      {isOpen && (
        <div class="card-body">
          <ol class="events">
            {events.map((event, i) => (
              <li key={i}>
                <time dateTime={event.occurred_at ?? event.received_at}>
                  {formatTimeWithSeconds(event.occurred_at ?? event.received_at, zone)}
                </time>
                <div>
                  <p class="event-name">{nameEvent(event)}</p>
                  {event.detail && <p class="call-soft">{event.detail}</p>}
                </div>
                <span class={`event-source is-${event.source}`}>{nameSource(event)}</span>
              </li>
            ))}
          </ol>
          {call.events_cut && <p class="call-soft">Only the first {events.length} are shown.</p>}
          <dl class="details">
            {call.cost !== null && (
              <div>
                <dt>Cost</dt>
                <dd class="number">{call.cost} USD</dd>
              </div>
            )}
            {call.ended_reason && (
              <div>
                <dt>Ended by</dt>
                <dd>{call.ended_reason}</dd>
              </div>
            )}
            <div>
              <dt>Call</dt>
              <dd class="event-id">{call.id}</dd>
            </div>
          </dl>
        </div>
      )}
    </details>
  );
}
