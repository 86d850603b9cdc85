// A mail as it was sent. Its HTML comes into a frame of its own, where no script runs, and never into this page.
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { accessToken } from "../lib/session";
import { returns } from "../lib/connection";
import { businessId } from "../lib/state";

const TALLEST_PX = 20_000;
const SHOWN = 200;

/** The document of the mail; null when something else came, such as an error. */
function mailIn(frame: HTMLIFrameElement): Document | null {
  const mail = frame.contentDocument;
  if (!mail || mail.contentType !== "text/html") return null;
  const [visit] = frame.contentWindow!.performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  return (visit?.responseStatus || SHOWN) === SHOWN ? mail : null;
}

/** What opens from here is not bound by the frame's sandbox; numbers are dialled. */
function onClick(event: MouseEvent): void {
  const link = (event.target as Element | null)?.closest?.("a");
  if (!link?.href) return;
  const { protocol } = new URL(link.href);
  event.preventDefault();
  if (protocol === "https:" || protocol === "http:") open(link.href, "_blank", "noopener,noreferrer");
  if (protocol === "tel:" || protocol === "mailto:") location.assign(link.href);
}

function openLinksOutside(mail: Document): void {
  mail.addEventListener("click", onClick);
  for (const link of mail.links) {
    link.target = "_blank";
    link.rel = "noopener noreferrer";
  }
}

/** As tall as its mail. What stands around keeps its height meanwhile, or the page would jump. */
function fit(frame: HTMLIFrameElement, mail: Document): void {
  const around = frame.parentElement!;
  around.style.minHeight = `${around.offsetHeight}px`;
  frame.style.height = "0";
  frame.style.height = `${Math.min(mail.documentElement.scrollHeight, TALLEST_PX)}px`;
  around.style.minHeight = "";
}

type State = "loading" | "shown" | "failed";

function useMail(date: string) {
  const frame = useRef<HTMLIFrameElement>(null);
  const form = useRef<HTMLFormElement>(null);
  const watch = useRef<ResizeObserver | null>(null);
  const sent = useRef(false);
  const [state, setState] = useState<State>("loading");
  const [count, setCount] = useState(0);
  const back = useRef(returns.value);

  useEffect(() => {
    let isOver = false;
    setState("loading");
    void accessToken().then((token) => {
      if (isOver || !form.current || !token) return;
      const field = form.current.elements.namedItem("access_token") as HTMLInputElement;
      field.value = token;
      sent.current = true;
      form.current.submit();
      field.value = "";
    });
    return () => {
      isOver = true;
      watch.current?.disconnect();
    };
  }, [date, count]);

  // What failed while the server was away is asked for when it is back.
  useEffect(() => {
    if (back.current !== returns.value && state === "failed") setCount((n) => n + 1);
    back.current = returns.value;
  }, [returns.value, state]);

  function onLoad() {
    if (!sent.current || !frame.current) return;
    const mail = mailIn(frame.current);
    setState(mail ? "shown" : "failed");
    watch.current?.disconnect();
    if (!mail) return;
    openLinksOutside(mail);
    watch.current = new ResizeObserver(() => frame.current && fit(frame.current, mail));
    watch.current.observe(mail.documentElement);
    fit(frame.current, mail);
  }
  return { frame, form, state, onLoad, again: () => setCount((n) => n + 1) };
}

export function MailFrame({ date, title }: { date: string; title: string }) {
  const { frame, form, state, onLoad, again } = useMail(date);
  const name = `mail-${useId()}`;
  return (
    <div class={`mail-paper is-${state}`}>
      <form ref={form} class="mail-form" method="post" target={name} action={`/api/v1/digests/${date}/preview`}>
        <input type="hidden" name="access_token" />
        <input type="hidden" name="business" value={businessId.value ?? ""} />
      </form>
      <iframe
        ref={frame}
        name={name}
        class="mail-frame"
        title={title}
        sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox"
        onLoad={onLoad}
      />
      {state === "loading" && (
        <p class="mail-wait" role="status">
          Loading the mail…
        </p>
      )}
      {state === "failed" && (
        <div class="mail-wait" role="alert">
          <p>The mail cannot be shown right now.</p>
          <button class="button" onClick={again}>
            Try again
          </button>
        </div>
      )}
    </div>
  );
}

export function MailText({ text }: { text: string }) {
  return (
    <div class="mail-text" dir="auto">
      {text}
    </div>
  );
}
