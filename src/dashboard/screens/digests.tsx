// The daily mails: what became of each, and each as it was sent. Beside each other where there is room, one after the other on a phone.
import { useEffect, useState } from "preact/hooks";
import { address } from "../lib/api";
import { formatLongDay, formatShortDay, nameZone, sayMoment } from "../lib/format";
import { business, businessId, here, now } from "../lib/state";
import type { Settings } from "../lib/types";
import { useAsk, type Asked } from "../lib/use_ask";
import { Icon } from "../parts/icon";
import { Screen } from "../parts/screen";
import { Empty, Failed, Loading } from "../parts/states";
import { DigestDetail } from "./digest_detail";
import { DigestList, useDigests, type Digests as DigestsShown } from "./digest_list";

const WIDE = "(width >= 900px)";

function useWide(): boolean {
  const [isWide, setWide] = useState(() => matchMedia(WIDE).matches);
  useEffect(() => {
    const query = matchMedia(WIDE);
    const onChange = () => setWide(query.matches);
    query.addEventListener("change", onChange);
    return () => query.removeEventListener("change", onChange);
  }, []);
  return isWide;
}

const isDay = (text: string) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(`${text}T12:00:00Z`));

/** Said where digests are looked for: this installation mails none. */
export function NothingIsSent() {
  return (
    <p class="notice nothing-sent">
      <Icon name="mail" size={18} />
      Digests are made and kept here. Nothing is mailed: this installation has no way to send mail yet.
    </p>
  );
}

function None({ asked, nextDueAt, zone }: { asked: Asked<Settings>; nextDueAt: string | null; zone: string }) {
  const settings = asked.data;
  if (!settings) return asked.error ? <Empty icon="mail" title="No digest has been sent yet" /> : <Waiting />;
  if (!settings.digest_enabled) {
    return (
      <Empty icon="mail" title="The daily digest is switched off">
        <p>Switched on, it brings you the day's calls every morning: who to call back first, and why.</p>
        <p class="empty-more">
          <a class="button" href={here("/settings")}>
            {settings.can_edit ? "Switch it on in Settings" : "See Settings"}
          </a>
        </p>
      </Empty>
    );
  }
  return (
    <Empty
      icon="mail"
      title={nextDueAt ? `Your first digest comes ${sayMoment(nextDueAt, zone, now.value)}` : "No digest yet"}
    >
      <p>One mail with the day's calls: who to call back first, and why. It stays here to read again.</p>
      <p class="empty-more">
        <a href={here("/settings")}>
          {settings.can_edit ? "Change the hour or who gets it" : "See when it comes and who gets it"}
        </a>
      </p>
    </Empty>
  );
}

function subtitleOf(settings: Settings | null, { nextDueAt, sending }: DigestsShown, zone: string) {
  const clock = `Times in ${nameZone(zone)}`;
  if (!settings) return clock;
  if (!settings.digest_enabled) {
    return (
      <>
        Switched off in <a href={here("/settings")}>Settings</a>. {clock}
      </>
    );
  }
  return nextDueAt
    ? `${sending === false ? "Made" : "Comes"} every day, next ${sayMoment(nextDueAt, zone, now.value)}. ${clock}`
    : `Every day. ${clock}`;
}

function Back() {
  return (
    <a class="digest-back" href={here("/digests")}>
      <Icon name="back" size={18} />
      All digests
    </a>
  );
}

export function Digests({ date }: { date: string | null }) {
  const isWide = useWide();
  const zone = business.value!.timezone;
  const digests = useDigests();
  const settings = useAsk<Settings>(address("/api/v1/settings", { business: businessId.value }));
  const { rows } = digests;
  const hasNone = rows.length === 0 && !digests.isLoading && !digests.error;
  const isBad = date !== null && (!isDay(date) || hasNone);
  const shown = isBad ? null : (date ?? (isWide ? (rows[0]?.date ?? null) : null));
  const row = rows.find((one) => one.date === shown) ?? null;
  const detail = shown && <DigestDetail date={shown} row={row} zone={zone} isAlone={!isWide} />;

  if (isBad) {
    return (
      <Screen title="Not found" above={<Back />}>
        <Empty icon="search" title="There is no digest of this day" />
      </Screen>
    );
  }
  if (date && !isWide) {
    return (
      <Screen key={date} title={formatLongDay(date)} tab={`Digest of ${formatShortDay(date)}`} above={<Back />}>
        {detail}
      </Screen>
    );
  }
  return (
    <Screen
      key="all"
      title="Digests"
      tab={date ? `Digest of ${formatShortDay(date)}` : "Digests"}
      subtitle={subtitleOf(settings.data, digests, zone)}
    >
      {digests.sending === false && <NothingIsSent />}
      {rows.length > 0 ? (
        <div class="digests">
          <DigestList digests={digests} zone={zone} shown={isWide ? shown : null} />
          {detail}
        </div>
      ) : digests.error ? (
        <div class="card">
          <Failed error={digests.error} again={digests.again} />
        </div>
      ) : (
        <div class="card">
          {digests.isLoading ? <Waiting /> : <None asked={settings} nextDueAt={digests.nextDueAt} zone={zone} />}
        </div>
      )}
    </Screen>
  );
}

function Waiting() {
  return (
    <div class="card-body">
      <Loading lines={8} what="Loading digests" />
    </div>
  );
}
