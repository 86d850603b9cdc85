// "I called this one back": takes a caller off the list, and can be undone.
import { useEffect, useRef, useState } from "preact/hooks";
import { lastTicked, tickOff, undoTick } from "../lib/call_back";
import { Icon } from "./icon";

interface TickButtonProps {
  /** Whose caller it is: not always of the business one looks at. */
  business: string;
  caller: string;
  /** What the caller is called here. */
  name: string;
}

export function TickButton({ business, caller, name }: TickButtonProps) {
  const [isSending, setSending] = useState(false);
  const onClick = async () => {
    setSending(true);
    await tickOff(business, caller, name);
    setSending(false);
  };
  return (
    <button
      type="button"
      class="button tick"
      disabled={isSending}
      aria-label={`Done: ${name} was called back`}
      onClick={() => void onClick()}
    >
      <Icon name="check" size={18} />
      <span>Done</span>
    </button>
  );
}

/** Who was ticked off last, until one goes elsewhere. The way back takes the focus, whose button has gone. */
export function TickedNotice() {
  const last = lastTicked.value;
  const undo = useRef<HTMLButtonElement>(null);
  useEffect(() => () => void (lastTicked.value = null), []);
  useEffect(() => {
    if (last && !last.problem && document.activeElement === document.body) undo.current?.focus({ preventScroll: true });
  }, [last]);
  return (
    <div role="status">
      {last && (
        <p class={`notice ticked ${last.problem ? "is-problem" : ""}`}>
          <Icon name={last.problem ? "alert" : "check"} size={18} />
          <span>
            {last.problem ?? (
              <>
                <bdi>{last.name}</bdi> is off the list.
              </>
            )}
          </span>
          {!last.problem && (
            <button ref={undo} type="button" class="button is-quiet" onClick={() => void undoTick()}>
              Undo
            </button>
          )}
        </p>
      )}
    </div>
  );
}
