// What stands around every screen: where one can go, whose calls these are, whether the server is there.
import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { formatTime } from "../lib/format";
import { lostAt } from "../lib/connection";
import { go, place } from "../lib/router";
import { signOut } from "../lib/session";
import { business, here, me } from "../lib/state";
import { useDismiss } from "../lib/use_dismiss";
import { Icon, type IconName } from "./icon";

const ROOMS: { path: string; label: string; icon: IconName }[] = [
  { path: "/", label: "Today", icon: "sun" },
  { path: "/calls", label: "Calls", icon: "list" },
  { path: "/digests", label: "Digests", icon: "mail" },
  { path: "/settings", label: "Settings", icon: "gear" },
];

function Nav() {
  const at = `/${place.value.path.split("/")[1] ?? ""}`;
  return (
    <nav class="nav" aria-label="Main">
      {ROOMS.map(({ path, label, icon }) => (
        <a key={path} href={here(path)} aria-current={at === path ? "page" : undefined}>
          <Icon name={icon} />
          <span>{label}</span>
        </a>
      ))}
    </nav>
  );
}

function BusinessChoice() {
  const mine = me.value?.businesses ?? [];
  if (mine.length < 2) return null;
  const choose = (select: HTMLSelectElement) => {
    go(`/?business=${select.value}`);
    select.value = business.peek()?.id ?? ""; // one may have stayed, for what is not saved
  };
  return (
    <label class="menu-choice">
      <span>Business</span>
      <select value={business.value?.id} onChange={(event) => choose(event.currentTarget)}>
        {mine.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function Account() {
  const [isOpen, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useDismiss(box, isOpen, () => setOpen(false));
  const email = me.value?.user.email ?? "";
  return (
    <div class="account" ref={box}>
      <button
        class="account-button"
        aria-expanded={isOpen}
        aria-controls="account-menu"
        onClick={() => setOpen(!isOpen)}
      >
        <span class="account-name">{business.value?.name ?? "Account"}</span>
        <Icon name="down" size={16} />
      </button>
      {isOpen && (
        <div class="menu" id="account-menu">
          <p class="menu-who">
            <span>{email}</span>
            {business.value && <small>{business.value.role === "owner" ? "Owner" : "Staff, may read"}</small>}
          </p>
          <BusinessChoice />
          <button class="menu-item" onClick={() => void signOut()}>
            <Icon name="door" size={18} />
            Sign out
          </button>
        </div>
      )}
    </div>
  );
}

/** Said once when it happens, and again when it is over. */
function Connection() {
  const since = lostAt.value;
  const zone = business.value?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <div class="connection" role="status">
      {since !== null && (
        <p>
          <Icon name="alert" size={18} />
          <span>
            No connection to the server. You see what was there at {formatTime(new Date(since).toISOString(), zone)}; it
            goes on by itself.
          </span>
        </p>
      )}
    </div>
  );
}

/** Without a step in the history. */
function skip(event: MouseEvent): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

export function Shell({ children }: { children: ComponentChildren }) {
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        Skip to content
      </a>
      <header class="bar">
        <a class="brand" href={here("/")} aria-label="Ringback, today">
          <svg width="26" height="26" viewBox="0 0 32 32" aria-hidden="true">
            <rect width="32" height="32" rx="9" />
            <path d="M10.6 8.2c.5-.5 1.3-.5 1.8.1l2 2.6c.4.5.3 1.2-.1 1.7l-1.2 1.2c.9 1.9 2.4 3.4 4.3 4.3l1.2-1.2c.5-.5 1.2-.5 1.7-.1l2.6 2c.6.5.6 1.3.1 1.8l-1.5 1.5c-.7.7-1.7 1-2.7.7-5.6-1.5-8.9-4.8-10.4-10.2-.3-1 0-2 .7-2.7z" />
          </svg>
          <span>Ringback</span>
        </a>
        <Nav />
        <Account />
      </header>
      <Connection />
      {children}
    </>
  );
}
