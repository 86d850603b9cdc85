import { useId, useRef, useState } from "preact/hooks";
import { useDismiss } from "../lib/use_dismiss";

/** A small "i": what a number counts. Its words stand below what holds the class "explained". */
export function Explain({ what, text }: { what: string; text: string }) {
  const [isOpen, setOpen] = useState(false);
  const box = useRef<HTMLSpanElement>(null);
  const id = useId();
  useDismiss(box, isOpen, () => setOpen(false));
  return (
    <span class="explain" ref={box} onFocusOut={() => setOpen(false)}>
      <button
        type="button"
        class="explain-button"
        aria-expanded={isOpen}
        aria-controls={id}
        aria-label={`What counts as ${what}`}
        onClick={() => setOpen(!isOpen)}
      >
        <span aria-hidden="true">i</span>
      </button>
      <span class="explain-text" id={id} role="status">
        {isOpen ? <span>{text}</span> : null}
      </span>
    </span>
  );
}
