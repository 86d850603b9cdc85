// Plays one recording. Its address is good for a few minutes: it is asked for at the first play, and again when it has ended.
import { computed, signal } from "@preact/signals";
import { ApiError, ask, request } from "./api";

export const SPEEDS = [1, 1.25, 1.5, 2];

const SPEED_KEY = "ringback-speed";
const NEARLY_OVER_MS = 5000;
const MOST_FAILURES = 2;

function storedSpeed(): number {
  try {
    const speed = Number(localStorage.getItem(SPEED_KEY));
    return SPEEDS.includes(speed) ? speed : 1;
  } catch {
    return 1; // a browser that keeps nothing
  }
}

/** Why there is no sound, for an owner. */
function wordsFor(error: unknown): string {
  if (!(error instanceof ApiError)) return "This browser cannot play the recording.";
  if (error.code === "recording_unavailable") return "This server is not set up to fetch recordings yet.";
  if (error.status === 404) return "There is no recording of this call.";
  if (error.status === 0 || error.status === 401 || error.status === 429) return error.message;
  return "The recording could not be fetched. Where it is kept does not answer right now.";
}

/** Somebody speaks, in seconds of the recording. */
export interface Turn {
  isCaller: boolean;
  from: number;
  to: number;
}

export class Player {
  readonly isPlaying = signal(false);
  /** Sound is wanted, but has not come yet. */
  readonly isWaiting = signal(false);
  readonly hasStarted = signal(false);
  readonly time = signal(0);
  readonly error = signal<string | null>(null);
  readonly speed = signal(storedSpeed());
  readonly duration;
  /** Counts the jumps: whoever jumps wants to see where. */
  readonly jumps = signal(0);

  private readonly path: string;
  private readonly ownDuration = signal<number | null>(null);
  private audio: HTMLAudioElement | null = null;
  private goodUntilMs = 0;
  private wanted = false;
  private failures = 0;
  private asking: AbortController | null = null;

  constructor(callId: string, length: () => number | null) {
    this.path = `/api/v1/calls/${callId}/recording`;
    this.duration = computed(() => this.ownDuration.value ?? length() ?? 0);
  }

  /** Returns how to let go of it. */
  attach(audio: HTMLAudioElement): () => void {
    this.audio = audio;
    const on: Record<string, () => void> = {
      playing: () => this.onPlaying(),
      pause: () => (this.isPlaying.value = false),
      waiting: () => (this.isWaiting.value = this.wanted),
      timeupdate: () => this.onTime(),
      durationchange: () => this.onDuration(),
      ended: () => this.onEnded(),
      error: () => void this.onError(),
    };
    for (const [name, act] of Object.entries(on)) audio.addEventListener(name, act);
    return () => {
      for (const [name, act] of Object.entries(on)) audio.removeEventListener(name, act);
      this.asking?.abort();
      audio.pause();
      audio.removeAttribute("src");
      audio.load();
      this.audio = null;
    };
  }

  toggle(): void {
    if (this.wanted) this.pause();
    else void this.play();
  }

  pause(): void {
    this.wanted = false;
    this.isWaiting.value = false;
    this.audio?.pause();
  }

  async play(): Promise<void> {
    const { audio } = this;
    if (!audio) return;
    this.wanted = true;
    this.error.value = null;
    if (this.duration.value > 0 && this.time.value >= this.duration.value - 0.2) this.time.value = 0;
    if (!audio.src || Date.now() > this.goodUntilMs) {
      await this.load();
      return;
    }
    audio.currentTime = this.time.value;
    await this.start();
  }

  /** To a place, without changing whether it plays. */
  seek(seconds: number): void {
    const end = this.duration.value;
    this.time.value = Math.max(0, end > 0 ? Math.min(seconds, end) : seconds);
    if (!this.audio || this.audio.readyState === 0) return;
    if (Date.now() > this.goodUntilMs && this.goodUntilMs > 0 && !this.isHere(this.time.value)) void this.load();
    else this.audio.currentTime = this.time.value;
  }

  /** That place has been fetched already. */
  private isHere(seconds: number): boolean {
    const { buffered } = this.audio!;
    return Array.from({ length: buffered.length }).some(
      (_, i) => buffered.start(i) <= seconds && seconds < buffered.end(i),
    );
  }

  skip(seconds: number): void {
    this.seek(this.time.value + seconds);
  }

  /** To a line of the transcript, and play it. */
  jump(seconds: number): void {
    this.seek(seconds);
    this.jumps.value++;
    if (!this.isPlaying.value) void this.play();
  }

  setSpeed(speed: number): void {
    this.speed.value = speed;
    if (this.audio) this.audio.defaultPlaybackRate = this.audio.playbackRate = speed;
    try {
      localStorage.setItem(SPEED_KEY, String(speed));
    } catch {
      // it is for this visit only then
    }
  }

  private async load(): Promise<void> {
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    this.isWaiting.value = true;
    try {
      const ticket = await ask<{ url: string; expires_at: string }>(this.path, { signal: asking.signal });
      const { audio } = this;
      if (!audio || asking.signal.aborted) return;
      this.goodUntilMs = Date.parse(ticket.expires_at) - NEARLY_OVER_MS;
      audio.src = ticket.url;
      audio.defaultPlaybackRate = audio.playbackRate = this.speed.value;
      audio.addEventListener("loadedmetadata", () => (audio.currentTime = this.time.peek()), { once: true });
      if (this.wanted) await this.start();
    } catch (error) {
      if (!asking.signal.aborted) this.fail(error);
    }
  }

  private async start(): Promise<void> {
    try {
      await this.audio?.play();
    } catch {
      // stopped before it began, or an error that onError hears of
    }
  }

  private fail(error: unknown): void {
    this.wanted = false;
    this.isWaiting.value = false;
    this.isPlaying.value = false;
    this.failures = 0;
    this.goodUntilMs = 0;
    this.error.value = wordsFor(error);
  }

  /** The element does not say why: an ended address, or a provider that does not answer. The second time we ask. */
  private async onError(): Promise<void> {
    if (!this.audio?.getAttribute("src")) return;
    this.goodUntilMs = 0;
    this.isPlaying.value = false;
    if (!this.wanted) return;
    this.failures++;
    if (this.failures < MOST_FAILURES) {
      await this.load();
      return;
    }
    try {
      const headers = { Accept: "audio/*", Range: "bytes=0-1" };
      await (await request(this.path, { headers })).body?.cancel();
      this.fail(null);
    } catch (error) {
      this.fail(error);
    }
  }

  private onPlaying(): void {
    this.isPlaying.value = true;
    this.isWaiting.value = false;
    this.hasStarted.value = true;
    this.error.value = null;
  }

  private onTime(): void {
    const { audio } = this;
    if (!audio || audio.seeking || audio.readyState === 0 || audio.error) return;
    if (audio.currentTime > this.time.peek()) this.failures = 0;
    this.time.value = audio.currentTime;
  }

  private onDuration(): void {
    const seconds = this.audio?.duration ?? NaN;
    if (Number.isFinite(seconds) && seconds > 0) this.ownDuration.value = seconds;
  }

  private onEnded(): void {
    this.wanted = false;
    this.isPlaying.value = false;
    this.time.value = this.duration.value;
  }
}
