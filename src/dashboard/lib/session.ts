// Who is signed in, by Supabase Auth or by the server's own sign-in, which speaks the same way.
import { GoTrueClient, isAuthApiError, type Session } from "@supabase/auth-js";
import { computed, signal } from "@preact/signals";

function setting(name: string): string {
  return document.querySelector<HTMLMetaElement>(`meta[name="ringback:${name}"]`)?.content ?? "";
}

const supabaseUrl = setting("supabase-url");
const anonKey = setting("anon-key");

/** Without Supabase nobody sends mails about passwords. */
export const canRecover = supabaseUrl !== "";

// Read before the client takes it out of the address: whoever comes by a mailed link must choose a password.
const mailed = new URLSearchParams(location.hash.slice(1));

const STORAGE_KEY = "ringback-session";

const client = new GoTrueClient({
  url: `${supabaseUrl || location.origin}/auth/v1`,
  headers: anonKey ? { apikey: anonKey } : {},
  storageKey: STORAGE_KEY,
  autoRefreshToken: true,
  persistSession: true,
  detectSessionInUrl: true,
});

/** undefined: not known yet. null: nobody. */
export const session = signal<Session | null | undefined>(undefined);
export const userId = computed(() => session.value?.user.id ?? null);
/** Somebody came by a link from a mail and has to choose a password before anything else. */
export const mustChoosePassword = signal(["recovery", "invite"].includes(mailed.get("type") ?? ""));
/** What a mailed link that is no longer good says. */
export const linkError = mailed.get("error_description");

export function startSession(): void {
  client.onAuthStateChange((event, now) => {
    if (event === "PASSWORD_RECOVERY") mustChoosePassword.value = true;
    const before = session.peek();
    if (before?.access_token !== now?.access_token || before === undefined) session.value = now;
  });
  // Who signs out without the server does so in every tab.
  addEventListener("storage", ({ key, newValue }) => {
    if (key === STORAGE_KEY && !newValue) session.value = null;
  });
}

/** A token that is good now, refreshed when it is about to end; null when nobody is signed in. */
export async function accessToken(): Promise<string | null> {
  const { data } = await client.getSession();
  return data.session?.access_token ?? null;
}

/** After the server refused a token: another one, or the end of the session. */
export async function renewedToken(): Promise<string | null> {
  const { data, error } = await client.refreshSession();
  if (error && isAuthApiError(error)) await signOut();
  return data.session?.access_token ?? null;
}

const WORDS: Record<string, string> = {
  invalid_credentials: "The address or the password is not right.",
  over_request_rate_limit: "Too many attempts. Please wait a few minutes and try again.",
  email_not_confirmed: "This address has not been confirmed yet. Please follow the link in the mail you got.",
  user_banned: "This account is closed.",
  same_password: "The new password must be another one than the old.",
  weak_password: "This password is too easy to guess. Please take a longer one.",
};

/** What went wrong in words, or null when nothing did. */
function wordsFor(error: unknown): string | null {
  if (!error) return null;
  if (!isAuthApiError(error)) return "The server cannot be reached. Please try again in a moment.";
  if (error.status === 429) return WORDS["over_request_rate_limit"]!;
  return (
    WORDS[error.code ?? ""] ??
    (error.status >= 500 ? "Signing in does not work right now. Please try again in a moment." : error.message)
  );
}

export async function signIn(email: string, password: string): Promise<string | null> {
  return wordsFor((await client.signInWithPassword({ email, password })).error);
}

/** This browser only: other devices stay signed in. Also when the server cannot be told: then the tokens are forgotten here. */
export async function signOut(): Promise<void> {
  const { error } = await client.signOut({ scope: "local" });
  if (!error) return;
  for (const part of ["", "-user", "-code-verifier"]) localStorage.removeItem(STORAGE_KEY + part);
  session.value = null;
}

export async function sendRecovery(email: string): Promise<string | null> {
  return wordsFor((await client.resetPasswordForEmail(email, { redirectTo: `${location.origin}/sign-in` })).error);
}

export async function choosePassword(password: string): Promise<string | null> {
  const words = wordsFor((await client.updateUser({ password })).error);
  if (!words) mustChoosePassword.value = false;
  return words;
}
