/** Scrolls an element into view, at once for whoever asked for less motion: the style sheet has no say in this. */
export function bringIntoView(element: Element, block: ScrollLogicalPosition): void {
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  element.scrollIntoView({ block, behavior: isCalm ? "auto" : "smooth" });
}
