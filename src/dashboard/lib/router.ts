// Where in the dashboard one is. The address says everything: a reload, a bookmark or a link shows the same.
import { signal } from "@preact/signals";

export interface Place {
  path: string;
  query: URLSearchParams;
}

function read(): Place {
  return { path: location.pathname, query: new URLSearchParams(location.search) };
}

export const place = signal<Place>(read());

const scrolled = new Map<string, number>();
let key = "";
let moves = 0;

/** Has one moved since the page was loaded? */
export const hasMoved = () => moves > 0;

function keep(): void {
  scrolled.set(key, scrollY);
}

let mayLeave: ((to: URL) => boolean) | null = null;

/** Asked before the address changes: false stays where one is. Returns how to take the guard away. */
export function guard(ask: (to: URL) => boolean): () => void {
  mayLeave = ask;
  return () => {
    if (mayLeave === ask) mayLeave = null;
  };
}

function isHere(to: URL): boolean {
  const { path, query } = place.peek();
  return to.pathname === path && new URLSearchParams(to.search).toString() === query.toString();
}

/** Goes to an address of the dashboard; `replace` leaves no step behind, as for a filter that is being typed. */
export function go(href: string, options: { replace?: boolean } = {}): void {
  const to = new URL(href, location.href);
  if (to.pathname + to.search === location.pathname + location.search) return;
  if (mayLeave && !mayLeave(to)) return;
  keep();
  const from = options.replace ? cameFrom() : location.pathname + location.search;
  const isOtherPage = to.pathname !== location.pathname;
  moves++;
  if (!options.replace) key = `${Date.now()}.${moves}`;
  history[options.replace ? "replaceState" : "pushState"]({ key, from }, "", to.pathname + to.search);
  place.value = read();
  if (isOtherPage) scrollTo(0, 0);
}

/** Changes some of the filters in the address; null takes one out. */
export function refine(changes: Record<string, string | null>, options: { replace?: boolean } = {}): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  go(text ? `${location.pathname}?${text}` : location.pathname, options);
}

/** For whoever comes next: nothing of where one was. */
export function startOver(): void {
  scrolled.clear();
  key = "";
  history.replaceState({ key, from: null }, "", "/");
  place.value = read();
}

/** The address one came from by a link, and goes back to by history.back(); null: from elsewhere. */
export function cameFrom(): string | null {
  return (history.state as { from?: string | null } | null)?.from ?? null;
}

/** Where the page was scrolled to when this step of the history was left; 0 for a new one. */
export function scrolledTo(): number {
  return scrolled.get(key) ?? 0;
}

function onClick(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
    return;
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (link.pathname.startsWith("/api/") || link.pathname.startsWith("/assets/")) return;
  if (link.hash && link.pathname === location.pathname) return;
  event.preventDefault();
  go(link.href);
}

export function startRouter(): void {
  history.scrollRestoration = "manual";
  key = (history.state as { key?: string } | null)?.key ?? "";
  history.replaceState({ key, from: cameFrom() }, "");
  addEventListener("popstate", (event) => {
    if (isHere(new URL(location.href))) return; // within the page, as by the link that skips to the content
    if (mayLeave && !mayLeave(new URL(location.href))) {
      const { path, query } = place.value;
      const text = query.toString();
      history.pushState({ key, from: cameFrom() }, "", text ? `${path}?${text}` : path);
      return;
    }
    keep();
    moves++;
    const state = event.state as { key?: string } | null;
    key = state?.key ?? "";
    place.value = read();
    const y = scrolledTo();
    requestAnimationFrame(() => scrollTo(0, y));
  });
  document.addEventListener("click", onClick);
}
