// Keeps the line being spoken in view, unless the reader has scrolled away from it.
import { effect, signal } from "@preact/signals";
import { bringIntoView } from "./motion";
import type { Player } from "./player";

const OWN_SCROLL_MS = 900;
const MARGIN_PX = 12;
/** What scrolls now is not our own scrolling. */
const SIGNS_OF_READER = ["wheel", "touchmove", "pointerdown", "keydown"];

export class Follower {
  /** Something is being spoken that the reader does not see, because of looking at something else. */
  readonly isAway = signal(false);

  private follows = false;
  private ownUntilMs = 0;
  private current: HTMLElement | null = null;

  constructor(
    private readonly player: Player,
    private readonly currentLine: () => HTMLElement | null,
    private readonly cover: () => Element | null,
  ) {}

  start(): () => void {
    const onScroll = () => this.onScroll();
    const onReader = () => (this.ownUntilMs = 0);
    const stops = [
      effect(() => this.mark(this.player.hasStarted.value ? this.currentLine() : null)),
      effect(() => this.onPlay(this.player.isPlaying.value)),
      effect(() => this.onJump(this.player.jumps.value)),
    ];
    addEventListener("scroll", onScroll, { passive: true });
    for (const sign of SIGNS_OF_READER) addEventListener(sign, onReader, { passive: true });
    return () => {
      for (const stop of stops) stop();
      removeEventListener("scroll", onScroll);
      for (const sign of SIGNS_OF_READER) removeEventListener(sign, onReader);
    };
  }

  /** To the line being spoken, and with it from now on. */
  catchUp(): void {
    this.follows = true;
    this.isAway.value = false;
    this.bringIntoView();
  }

  private mark(line: HTMLElement | null): void {
    if (line === this.current) return;
    this.current?.classList.remove("is-current");
    this.current?.removeAttribute("aria-current");
    this.current = line;
    line?.classList.add("is-current");
    line?.setAttribute("aria-current", "true");
    if (this.follows && this.player.isPlaying.peek()) this.bringIntoView();
  }

  private onPlay(isPlaying: boolean): void {
    if (isPlaying) this.follows ||= this.isSeen();
    this.isAway.value = isPlaying && !this.follows && this.current !== null;
  }

  private onJump(jumps: number): void {
    if (jumps > 0) this.catchUp();
  }

  private onScroll(): void {
    if (Date.now() < this.ownUntilMs || !this.player.isPlaying.peek() || !this.current) return;
    this.follows = this.isSeen();
    this.isAway.value = !this.follows;
  }

  /** The part of the window in which lines can be read: the player covers some of it. */
  private readable(): { top: number; bottom: number } {
    const cover = this.cover()?.getBoundingClientRect();
    if (!cover) return { top: 0, bottom: innerHeight };
    const isBelow = cover.top > innerHeight / 2;
    return isBelow ? { top: 60, bottom: cover.top } : { top: Math.max(cover.bottom, 0), bottom: innerHeight };
  }

  private isSeen(isWhole = false): boolean {
    const line = this.current?.getBoundingClientRect();
    if (!line) return false;
    const { top, bottom } = this.readable();
    const inset = isWhole ? 0 : Math.min(line.height, bottom - top) - MARGIN_PX;
    return line.top + inset >= top && line.bottom - inset <= bottom;
  }

  private bringIntoView(): void {
    if (!this.current || this.isSeen(true)) return;
    this.ownUntilMs = Date.now() + OWN_SCROLL_MS;
    bringIntoView(this.current, "center");
  }
}
