// Keys that act alone, without Ctrl or Alt: whoever speaks to the computer may trip over them, and can switch them off.
import { signal } from "@preact/signals";

const KEY = "ringback-shortcuts";

function isKeptOff(): boolean {
  try {
    return localStorage.getItem(KEY) === "off";
  } catch {
    return false;
  }
}

export const hasShortcuts = signal(!isKeptOff());

export function setShortcuts(isOn: boolean): void {
  hasShortcuts.value = isOn;
  try {
    if (isOn) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, "off");
  } catch {
    // for as long as the page is open
  }
}
