// The digest stands still, or does not reach somebody: said to owners where they look every day.
import { here, business } from "../lib/state";
import type { Recipients } from "../lib/types";
import { Icon } from "../parts/icon";
import { pauseText, useRecipients } from "./recipients";

/** Who is worth a word: all, when nobody gets it; else who did not ask for it. */
function unreached({ enabled, sending, recipients }: Recipients) {
  if (!enabled || !sending) return [];
  const paused = recipients.filter((one) => one.paused);
  return paused.length === recipients.length ? paused : paused.filter((one) => one.paused!.reason !== "unsubscribed");
}

export function DigestUnreached() {
  const { data } = useRecipients(business.value?.role === "owner");
  const [first, ...others] = data ? unreached(data) : [];
  if (!first) return null;
  const isNobody = data!.recipients.every((one) => one.paused);
  const who = others.length === 0 ? first.address : isNobody ? "anybody" : `${others.length + 1} of its recipients`;
  return (
    <div class="notice unreached">
      <Icon name="mail" size={18} />
      <p>
        <b>The digest no longer reaches {who}.</b>{" "}
        {others.length === 0 && pauseText(first.paused!, business.value!.timezone)}{" "}
        <a href={here("/settings")}>See who gets it</a>
      </p>
    </div>
  );
}
