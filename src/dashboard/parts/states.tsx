// What a screen shows when there is nothing to show: it is loading, it failed, there is nothing.
import type { ComponentChildren } from "preact";
import type { ApiError } from "../lib/api";
import { Icon, type IconName } from "./icon";

/** Grey bars where text will be. `lines` tells about how much. */
export function Loading({ lines = 3, what = "Loading" }: { lines?: number; what?: string }) {
  return (
    <div class="loading" role="status" aria-label={what}>
      {Array.from({ length: lines }, (_, i) => (
        <span class="bone" key={i} />
      ))}
    </div>
  );
}

export function Empty({
  icon = "phone",
  title,
  children,
}: {
  icon?: IconName;
  title: string;
  children?: ComponentChildren;
}) {
  return (
    <div class="empty">
      <span class="empty-icon">
        <Icon name={icon} size={26} />
      </span>
      <p class="empty-title">{title}</p>
      {children && <div class="empty-text">{children}</div>}
    </div>
  );
}

/** The whole of a screen, or a part of it, could not be had. */
export function Failed({ error, again, title }: { error: ApiError; again?: () => void; title?: string }) {
  return (
    <div class="empty is-failed" role="alert">
      <span class="empty-icon">
        <Icon name="alert" size={26} />
      </span>
      <p class="empty-title">{title ?? (error.status === 404 ? "Not found" : "This could not be loaded")}</p>
      <div class="empty-text">
        <p>{error.message}</p>
      </div>
      {again && error.status !== 404 && (
        <button class="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}
