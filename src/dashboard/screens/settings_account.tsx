import { useState } from "preact/hooks";
import { choosePassword, signOut } from "../lib/session";
import { hasShortcuts, setShortcuts } from "../lib/shortcuts";
import { business, me } from "../lib/state";
import { Field, Switch } from "../parts/field";
import { Icon } from "../parts/icon";

const LEAST_LETTERS = 8;

function PasswordForm({ onDone }: { onDone: (said: string) => void }) {
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [isSending, setSending] = useState(false);
  const onSubmit = async (event: Event) => {
    event.preventDefault();
    if (isSending) return;
    setSending(true);
    const words = await choosePassword(password);
    setSending(false);
    setProblem(words);
    if (!words) onDone("The new password is set.");
  };
  return (
    <form class="settings-password" onSubmit={(event) => void onSubmit(event)}>
      <input type="hidden" name="username" autocomplete="username" value={me.value?.user.email ?? ""} />
      <Field label="New password" help={`At least ${LEAST_LETTERS} characters.`} problem={problem ?? undefined}>
        {(ids) => (
          <input
            {...ids}
            type="password"
            autocomplete="new-password"
            required
            minLength={LEAST_LETTERS}
            value={password}
            onInput={(event) => setPassword(event.currentTarget.value)}
          />
        )}
      </Field>
      <div class="settings-buttons">
        <button class="button is-primary" disabled={isSending}>
          {isSending ? "Saving…" : "Set the password"}
        </button>
        <button type="button" class="button is-quiet" onClick={() => onDone("")}>
          Cancel
        </button>
      </div>
    </form>
  );
}

export function AccountGroup() {
  const [isChanging, setChanging] = useState(false);
  const [said, setSaid] = useState("");
  const onDone = (words: string) => {
    setSaid(words);
    setChanging(false);
  };
  return (
    <section class="card settings-group" aria-labelledby="account-title">
      <h2 id="account-title">Your account</h2>
      <dl class="settings-facts">
        <dt>Email</dt>
        <dd>{me.value?.user.email ?? "–"}</dd>
        <dt>Role</dt>
        <dd>{business.value?.role === "owner" ? "Owner: may change the settings" : "Staff: may read them"}</dd>
      </dl>
      <Switch
        label="Single-key shortcuts"
        help="/ searches the calls, j and k go through them, space plays a recording. Kept in this browser."
        isOn={hasShortcuts.value}
        isFixed={false}
        onChange={setShortcuts}
      />
      <p role="status" class="settings-said">
        {said}
      </p>
      {isChanging ? (
        <PasswordForm onDone={onDone} />
      ) : (
        <div class="settings-buttons">
          <button
            type="button"
            class="button"
            onClick={() => {
              setSaid("");
              setChanging(true);
            }}
          >
            Change password
          </button>
          <button type="button" class="button" onClick={() => void signOut()}>
            <Icon name="door" size={18} />
            Sign out
          </button>
        </div>
      )}
    </section>
  );
}
