// The player of a recording: play, seek, skip, speed. Space plays and stops it wherever no field or button has the focus.
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { formatOffset, spokenLength } from "../lib/format";
import { SPEEDS, type Player, type Turn } from "../lib/player";
import { hasShortcuts } from "../lib/shortcuts";
import { Icon } from "./icon";

const SKIP_SECONDS = 10;
const KEY_SECONDS = 5;

function SkipButton({ player, seconds }: { player: Player; seconds: number }) {
  const isBack = seconds < 0;
  return (
    <button
      type="button"
      class="player-skip"
      aria-label={`${isBack ? "Back" : "Forward"} ${Math.abs(seconds)} seconds`}
      onClick={() => player.skip(seconds)}
    >
      <svg class={isBack ? "icon" : "icon is-turned"} width="26" height="26" viewBox="0 0 24 24" aria-hidden="true">
        <path d="M4.5 4.5v4.5H9M5 8.8a8 8 0 1 1-.9 5" />
      </svg>
      <span aria-hidden="true">{Math.abs(seconds)}</span>
    </button>
  );
}

const pathOf = (turns: Turn[], isCaller: boolean) =>
  turns
    .filter((turn) => turn.isCaller === isCaller)
    .map(({ from, to }) => `M${from.toFixed(1)} 0H${to.toFixed(1)}V8H${from.toFixed(1)}z`)
    .join("");

/** Who spoke when: long silences and monologues are seen before they are heard. */
function Turns({ turns, duration }: { turns: Turn[]; duration: number }) {
  const paths = useMemo(() => [pathOf(turns, false), pathOf(turns, true)], [turns]);
  if (duration === 0 || turns.length === 0) return null;
  return (
    <svg class="player-turns" viewBox={`0 0 ${duration} 8`} preserveAspectRatio="none" aria-hidden="true">
      <path class="is-assistant" d={paths[0]} />
      <path class="is-caller" d={paths[1]} />
    </svg>
  );
}

function SeekBar({ player, turns }: PlayerBarProps) {
  const duration = player.duration.value;
  const time = Math.min(player.time.value, duration || Infinity);
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -KEY_SECONDS, ArrowDown: -KEY_SECONDS, ArrowRight: KEY_SECONDS, ArrowUp: KEY_SECONDS }[
      event.key
    ];
    if (by === undefined) return;
    event.preventDefault();
    player.skip(by);
  };
  return (
    <div class="player-seek">
      <Turns turns={turns} duration={duration} />
      <input
        type="range"
        min={0}
        max={Math.max(duration, 0.1)}
        step={0.1}
        value={time}
        disabled={duration === 0}
        aria-label="Place in the recording"
        aria-valuetext={`${spokenLength(Math.floor(time))} of ${spokenLength(Math.round(duration))}`}
        style={{ "--played": `${duration > 0 ? (time / duration) * 100 : 0}%` }}
        onInput={(event) => player.seek(Number(event.currentTarget.value))}
        onKeyDown={onKeyDown}
      />
      <div class="player-times" aria-hidden="true">
        <span>{formatOffset(time)}</span>
        <span>{duration > 0 ? formatOffset(Math.round(duration)) : "–:––"}</span>
      </div>
    </div>
  );
}

function Speed({ player }: { player: Player }) {
  return (
    <label class="player-speed">
      <span class="hidden">Speed</span>
      <select value={player.speed.value} onChange={(event) => player.setSpeed(Number(event.currentTarget.value))}>
        {SPEEDS.map((speed) => (
          <option key={speed} value={speed}>
            {speed}×
          </option>
        ))}
      </select>
    </label>
  );
}

function isControl(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return target.type !== "range";
  return target.isContentEditable || target.closest("button, a, select, textarea, summary") !== null;
}

function useSpace(player: Player): void {
  useLayoutEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== " " || event.repeat || event.defaultPrevented || isControl(event.target)) return;
      if (!hasShortcuts.peek()) return;
      if (event.metaKey || event.ctrlKey || event.altKey || event.shiftKey) return;
      event.preventDefault();
      player.toggle();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [player]);
}

function PlayButton({ player }: { player: Player }) {
  const isPlaying = player.isPlaying.value;
  const isWaiting = player.isWaiting.value;
  const isActive = isPlaying || isWaiting;
  return (
    <button
      type="button"
      class={`player-play ${isWaiting ? "is-waiting" : ""}`}
      aria-label={isActive ? "Pause the recording" : "Play the recording"}
      aria-busy={isWaiting}
      onClick={() => player.toggle()}
    >
      <Icon name={isActive ? "pause" : "play"} size={24} />
    </button>
  );
}

interface PlayerBarProps {
  player: Player;
  turns: Turn[];
}

export function PlayerBar({ player, turns }: PlayerBarProps) {
  const audio = useRef<HTMLAudioElement>(null);
  useEffect(() => player.attach(audio.current!), [player]);
  useSpace(player);
  const error = player.error.value;
  return (
    <section class="player" aria-label="Player">
      <audio ref={audio} preload="none" />
      <div class="player-error" role="alert">
        {error && (
          <p>
            <Icon name="alert" size={18} />
            <span>{error}</span>
          </p>
        )}
      </div>
      <div class="player-controls">
        <PlayButton player={player} />
        <SkipButton player={player} seconds={-SKIP_SECONDS} />
        <SeekBar player={player} turns={turns} />
        <SkipButton player={player} seconds={SKIP_SECONDS} />
        <Speed player={player} />
      </div>
    </section>
  );
}
