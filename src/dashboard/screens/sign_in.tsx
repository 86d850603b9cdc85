import { useState } from "preact/hooks";
import { signal } from "@preact/signals";
import { canRecover, choosePassword, linkError, mustChoosePassword, sendRecovery, signIn } from "../lib/session";
import { Icon } from "../parts/icon";

type Step = "sign-in" | "forgotten" | "sent";
const step = signal<Step>("sign-in");

/** A form that sends once at a time, and says what went wrong where a screen reader hears it. */
function useSending(send: () => Promise<string | null>) {
  const [error, setError] = useState<string | null>(linkError);
  const [isSending, setSending] = useState(false);
  async function onSubmit(event: Event) {
    event.preventDefault();
    if (isSending) return;
    setSending(true);
    setError(null);
    const words = await send();
    setError(words);
    setSending(false);
  }
  return { error, isSending, onSubmit };
}

function Problem({ text }: { text: string | null }) {
  return (
    <div role="alert" class="form-problem">
      {text && (
        <p>
          <Icon name="alert" size={18} />
          <span>{text}</span>
        </p>
      )}
    </div>
  );
}

function EmailField({ value, onChange }: { value: string; onChange: (email: string) => void }) {
  return (
    <label class="field">
      <span>Email</span>
      <input
        type="email"
        name="email"
        autocomplete="username"
        required
        autofocus
        value={value}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
    </label>
  );
}

function SignInForm() {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const { error, isSending, onSubmit } = useSending(() => signIn(email.trim(), password));
  return (
    <form onSubmit={onSubmit}>
      <h1>Sign in</h1>
      <Problem text={error} />
      <EmailField value={email} onChange={setEmail} />
      <label class="field">
        <span>Password</span>
        <input
          type="password"
          name="password"
          autocomplete="current-password"
          required
          value={password}
          onInput={(e) => setPassword(e.currentTarget.value)}
        />
      </label>
      <button class="button is-primary is-wide" disabled={isSending}>
        {isSending ? "Signing in…" : "Sign in"}
      </button>
      {canRecover ? (
        <button type="button" class="button is-quiet is-wide" onClick={() => (step.value = "forgotten")}>
          I do not know my password
        </button>
      ) : (
        <p class="sign-in-note">No password, or forgotten it? Whoever runs this server can set a new one.</p>
      )}
    </form>
  );
}

function ForgottenForm() {
  const [email, setEmail] = useState("");
  const { error, isSending, onSubmit } = useSending(async () => {
    const words = await sendRecovery(email.trim());
    if (!words) step.value = "sent";
    return words;
  });
  return (
    <form onSubmit={onSubmit}>
      <h1>A new password</h1>
      <p class="sign-in-note">We send you a link with which you can choose one.</p>
      <Problem text={error} />
      <EmailField value={email} onChange={setEmail} />
      <button class="button is-primary is-wide" disabled={isSending}>
        {isSending ? "Sending…" : "Send the link"}
      </button>
      <button type="button" class="button is-quiet is-wide" onClick={() => (step.value = "sign-in")}>
        Back
      </button>
    </form>
  );
}

function Sent() {
  return (
    <div>
      <h1>Look into your mail</h1>
      <p class="sign-in-note">If there is an account with this address, a link is on its way to it.</p>
      <button class="button is-wide" onClick={() => (step.value = "sign-in")}>
        Back to sign-in
      </button>
    </div>
  );
}

function ChooseForm() {
  const [password, setPassword] = useState("");
  const { error, isSending, onSubmit } = useSending(() => choosePassword(password));
  return (
    <form onSubmit={onSubmit}>
      <h1>Choose a password</h1>
      <Problem text={error} />
      <label class="field">
        <span>New password</span>
        <input
          type="password"
          name="password"
          autocomplete="new-password"
          minLength={8}
          required
          autofocus
          value={password}
          onInput={(e) => setPassword(e.currentTarget.value)}
        />
      </label>
      <button class="button is-primary is-wide" disabled={isSending}>
        {isSending ? "Saving…" : "Save and go on"}
      </button>
    </form>
  );
}

export function SignIn() {
  document.title = "Sign in · Ringback";
  return (
    <main class="sign-in" id="main">
      <div class="sign-in-card">
        <p class="sign-in-brand">Ringback</p>
        {mustChoosePassword.value ? (
          <ChooseForm />
        ) : step.value === "forgotten" ? (
          <ForgottenForm />
        ) : step.value === "sent" ? (
          <Sent />
        ) : (
          <SignInForm />
        )}
      </div>
      <p class="sign-in-foot">Who called, what they wanted, and whom to call back.</p>
    </main>
  );
}
