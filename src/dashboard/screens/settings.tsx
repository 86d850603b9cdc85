// What an owner sets. Staff see the same, and cannot change it; the server holds to that by itself.
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { ApiError, address, ask } from "../lib/api";
import { guard } from "../lib/router";
import { changesOf, draftOf, problemsOf, type Draft, type Problems } from "../lib/settings_draft";
import { businessId, loadMe } from "../lib/state";
import type { Settings } from "../lib/types";
import { useAsk } from "../lib/use_ask";
import { Icon } from "../parts/icon";
import { Screen } from "../parts/screen";
import { Failed, Loading } from "../parts/states";
import { AccountGroup } from "./settings_account";
import { DigestGroup } from "./settings_digest";
import { BusinessGroup, FallbackGroup } from "./settings_fields";

/**
 * Asks before changes that are not saved are left behind. A layout effect: from the moment that the page says "Saved."
 * nobody is asked, where an effect would go on asking until the picture is drawn.
 */
function useGuard(isChanged: boolean): void {
  useLayoutEffect(() => {
    if (!isChanged) return;
    const onUnload = (event: BeforeUnloadEvent) => event.preventDefault();
    const open = guard(() => confirm("Your changes are not saved. Leave without them?"));
    addEventListener("beforeunload", onUnload);
    return () => {
      open();
      removeEventListener("beforeunload", onUnload);
    };
  }, [isChanged]);
}

interface Form {
  settings: Settings;
  draft: Draft;
  problems: Problems;
  isSaving: boolean;
  isChanged: boolean;
  said: string;
  set: (changes: Partial<Draft>) => void;
  discard: () => void;
  save: () => Promise<void>;
}

function useForm(first: Settings): Form {
  const [settings, setSettings] = useState(first);
  const [draft, setDraft] = useState(() => draftOf(first));
  const [problems, setProblems] = useState<Problems>({});
  const [isSaving, setSaving] = useState(false);
  const [said, setSaid] = useState("");
  const changes = changesOf(draft, settings);
  const isChanged = Object.keys(changes).length > 0;
  const set = (some: Partial<Draft>) => {
    setDraft((before) => ({ ...before, ...some }));
    setProblems((before) => ({ ...before, ...Object.fromEntries(Object.keys(some).map((key) => [key, undefined])) }));
    setSaid("");
  };
  const discard = () => {
    setDraft(draftOf(settings));
    setProblems({});
  };
  const save = async () => {
    setSaving(true);
    try {
      const path = address("/api/v1/settings", { business: businessId.peek() });
      const saved = await ask<Settings>(path, { method: "PATCH", body: changes });
      setSettings(saved);
      setDraft(draftOf(saved));
      setProblems({});
      setSaid("Saved.");
      void loadMe(); // its name and its zone are on every page
    } catch (error) {
      setProblems(problemsOf(error instanceof ApiError ? error.message : "Something went wrong."));
    }
    setSaving(false);
  };
  return { settings, draft, problems, isSaving, isChanged, said, set, discard, save };
}

function SaveBar({ form }: { form: Form }) {
  const isWrong = Object.values(form.problems).some(Boolean);
  return (
    <div class="save" role="status">
      {form.isChanged ? (
        <div class="save-bar card">
          <p class={isWrong ? "save-problem" : ""}>
            {form.problems.form ?? (isWrong ? "Something is not right yet, see above." : "Not saved yet.")}
          </p>
          <button type="button" class="button" disabled={form.isSaving} onClick={form.discard}>
            Discard
          </button>
          <button class="button is-primary" aria-disabled={form.isSaving}>
            {form.isSaving ? "Saving…" : "Save"}
          </button>
        </div>
      ) : (
        form.said && (
          <p class="notice save-said">
            <Icon name="check" size={18} />
            {form.said}
          </p>
        )
      )}
    </div>
  );
}

function SettingsForm({ first }: { first: Settings }) {
  const form = useForm(first);
  useGuard(form.isChanged);
  useEffect(() => document.querySelector<HTMLElement>('main [aria-invalid="true"]')?.focus(), [form.problems]);
  const onSubmit = (event: Event) => {
    event.preventDefault();
    if (!form.isSaving && form.isChanged) void form.save();
  };
  const group = { ...form, isFixed: !form.settings.can_edit };
  return (
    <form class="settings-form" noValidate onSubmit={onSubmit}>
      {!form.settings.can_edit && (
        <p class="notice">
          <Icon name="person" size={18} />
          Only an owner can change this.
        </p>
      )}
      <DigestGroup {...group} />
      <BusinessGroup {...group} />
      <FallbackGroup {...group} />
      <SaveBar form={form} />
    </form>
  );
}

function Bones() {
  return (
    <div class="settings-form">
      {[6, 4, 4].map((lines, i) => (
        <div key={i} class="card settings-group">
          <Loading lines={lines} what="Loading the settings" />
        </div>
      ))}
    </div>
  );
}

export function SettingsScreen() {
  const { data, error, again } = useAsk<Settings>(address("/api/v1/settings", { business: businessId.value }));
  return (
    <Screen title="Settings">
      <div class="settings">
        {data ? <SettingsForm first={data} /> : error ? <Failed error={error} again={again} /> : <Bones />}
        <AccountGroup />
      </div>
    </Screen>
  );
}
