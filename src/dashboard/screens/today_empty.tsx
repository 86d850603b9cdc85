// Today without numbers: while they come, and before the first call.
import { address } from "../lib/api";
import { businessId, here } from "../lib/state";
import type { Settings } from "../lib/types";
import { useAsk } from "../lib/use_ask";
import { Icon } from "../parts/icon";
import { PhoneLink } from "../parts/phone_link";

const times = (n: number) => Array.from({ length: n }, (_, i) => i);

/** The layout as it will be, in grey. */
export function Bones({ isOneDay }: { isOneDay: boolean }) {
  return (
    <div role="status" aria-label="Loading today's calls">
      <div class="brief is-bones">
        <span class="bone" />
      </div>
      <div class={`today${isOneDay ? " is-one-day" : ""}`} aria-hidden="true">
        <div class="card today-people">
          <div class="card-head">
            <span class="bone is-title" />
          </div>
          <div class="people">
            {times(5).map((i) => (
              <div class="person" key={i}>
                <div class="person-who">
                  <span class="bone" />
                  <span class="bone" />
                  <span class="bone" />
                </div>
                <div class="person-call">
                  <span class="bone is-button" />
                </div>
              </div>
            ))}
          </div>
          <div class="people-all">
            <span class="bone is-title" />
          </div>
        </div>
        <div class="card today-tiles">
          <div class="card-head">
            <span class="bone is-title" />
          </div>
          <div class="tiles">
            {times(6).map((i) => (
              <div class="tile" key={i}>
                <span class="bone" />
                <span class="bone is-value" />
                <span class="bone" />
              </div>
            ))}
          </div>
        </div>
        {(isOneDay ? ["days", "outcomes", "reasons"] : ["days", "outcomes", "heat", "reasons"]).map((name) => (
          <div class={`card today-${name}`} key={name}>
            <div class="card-head">
              <span class="bone is-title" />
            </div>
            <div class="card-body">
              <span class={`bone is-chart is-of-${name}`} />
            </div>
          </div>
        ))}
      </div>
    </div>
  );
}

/** What to check, with the business's own numbers. */
export function FirstSteps() {
  const { data } = useAsk<Settings>(address("/api/v1/settings", { business: businessId.value }));
  const numbers = data?.phones ?? [];
  return (
    <section class="card first" aria-labelledby="first-title">
      <span class="empty-icon">
        <Icon name="phone" size={26} />
      </span>
      <h2 id="first-title">No calls yet</h2>
      <p>When a call comes in it appears here by itself. To see that it works:</p>
      <ol class="first-steps">
        <li>
          Call{" "}
          {numbers.length === 0
            ? "your business's number"
            : numbers.map((number, i) => (
                <span key={number}>
                  {i > 0 && " or "}
                  <PhoneLink number={number} />
                </span>
              ))}{" "}
          from your own phone and say a few words.
        </li>
        <li>Watch this page: the call is here within seconds.</li>
        <li>
          Nothing comes? See that your telephone company forwards calls to this number, and that the number stands in
          your <a href={here("/settings")}>settings</a>.
        </li>
      </ol>
    </section>
  );
}
