// The numbers of a period, kept fresh: each piece of news asks again, and so does each minute somebody looks.
import { useEffect, useRef, useState } from "preact/hooks";
import { address } from "../lib/api";
import { onNews, type News } from "../lib/live";
import type { Period } from "../lib/period";
import { nameCaller } from "../lib/phone";
import { businessId } from "../lib/state";
import type { CallRow, Overview } from "../lib/types";
import { useAsk, type Asked } from "../lib/use_ask";

const PAUSE_MS = 3000;
const MINUTE_MS = 60_000;

/** Asks at once, then at most every PAUSE_MS and never while an answer is outstanding; what is wanted meanwhile is asked once, after. */
class Refresher {
  private wanted = false;
  private isAsking = true;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly again: () => void) {}

  want(): void {
    this.wanted = true;
    this.go();
  }

  answered(): void {
    this.isAsking = false;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.go();
    }, PAUSE_MS);
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private go(): void {
    if (!this.wanted || this.isAsking || this.timer !== undefined) return;
    this.wanted = false;
    this.isAsking = true;
    this.again();
  }
}

export function useOverview(period: Period): Asked<Overview> {
  const asked = useAsk<Overview>(
    address("/api/v1/overview", { business: businessId.value, from: period.from, to: period.to }),
  );
  const refresher = useRef<Refresher | null>(null);
  useEffect(() => {
    const one = (refresher.current = new Refresher(asked.again));
    const stopNews = onNews(() => one.want());
    const look = () => {
      if (document.visibilityState === "visible") one.want();
    };
    const timer = setInterval(look, MINUTE_MS);
    document.addEventListener("visibilitychange", look);
    return () => {
      stopNews();
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
      one.stop();
    };
  }, [asked.again]);
  useEffect(() => {
    if (asked.data || asked.error) refresher.current?.answered();
  }, [asked.data, asked.error]);
  return asked;
}

const JUST_MS = 10 * MINUTE_MS;
const SAID_MS = 10_000;

/** Calls that begin while one looks, in a few words, each once: calls change many times while they last. */
export function useNewCalls(): string {
  const [said, setSaid] = useState("");
  useEffect(() => {
    const sinceMs = Date.now();
    const known = new Set<string>();
    let recent: CallRow[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const take = (news: News) => {
      if (news.kind !== "calls") return;
      const fresh = news.calls.filter(
        (call) => !known.has(call.id) && Date.parse(call.listed_at) > Math.max(sinceMs, Date.now() - JUST_MS),
      );
      for (const call of news.calls) known.add(call.id);
      if (fresh.length === 0) return;
      recent = [...recent, ...fresh];
      setSaid(
        recent.length === 1
          ? `New call from ${nameCaller(fresh[0]!.caller_name, fresh[0]!.caller_number)}`
          : `${recent.length} new calls`,
      );
      clearTimeout(timer);
      timer = setTimeout(() => {
        recent = [];
        setSaid("");
      }, SAID_MS);
    };
    const stop = onNews(take);
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, []);
  return said;
}
