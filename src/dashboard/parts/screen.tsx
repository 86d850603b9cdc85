// The frame of a screen: its heading takes the focus when one comes to it, so that a screen reader says where one is.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { hasMoved } from "../lib/router";

interface ScreenProps {
  title: string;
  /** The way back, over the heading. */
  above?: ComponentChildren;
  /** What the tab is called, when not as the heading. */
  tab?: string;
  subtitle?: ComponentChildren;
  actions?: ComponentChildren;
  children: ComponentChildren;
}

export function Screen({ title, above, tab, subtitle, actions, children }: ScreenProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (hasMoved()) heading.current?.focus({ preventScroll: true });
  }, []);
  useEffect(() => {
    document.title = `${tab ?? title} · Ringback`;
  }, [tab, title]);
  return (
    <main class="screen" id="main" tabIndex={-1}>
      {above}
      <header class="screen-head">
        <div>
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {subtitle && <p class="screen-subtitle">{subtitle}</p>}
        </div>
        {actions && <div class="screen-actions">{actions}</div>}
      </header>
      {children}
    </main>
  );
}
