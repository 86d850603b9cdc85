// Questions to the server. A question that fails says why in words that an owner understands.
import { accessToken, renewedToken } from "./session";
import { heard, lost } from "./connection";

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(message);
  }

  /** The server was not reached, or cannot answer now: asking again may help. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

const WORDS: Record<number, string> = {
  0: "The server cannot be reached.",
  401: "You are signed out.",
  403: "Only an owner may do this.",
  404: "There is nothing here, or it is not yours to see.",
  429: "That was a lot at once. Please wait a moment.",
  503: "The server is busy or its database is away. It will be back in a moment.",
  504: "That took too long. A shorter period may help.",
};

async function errorOf(answer: Response): Promise<ApiError> {
  let code = "unknown";
  let message = "";
  try {
    const body: unknown = await answer.json();
    const error = (body as { error?: { code?: unknown; message?: unknown } }).error;
    if (typeof error?.code === "string") code = error.code;
    if (typeof error?.message === "string") message = error.message;
  } catch {
    // not ours: something between answered
  }
  const seconds = Number(answer.headers.get("Retry-After") ?? "");
  const words = answer.status === 422 ? message : (WORDS[answer.status] ?? (message || "Something went wrong."));
  return new ApiError(answer.status, code, words, seconds > 0 ? seconds : null);
}

export interface AskOptions {
  method?: "GET" | "PATCH";
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

async function send(path: string, token: string, options: AskOptions): Promise<Response> {
  const headers: Record<string, string> = {
    Accept: "application/json",
    ...options.headers,
    Authorization: `Bearer ${token}`,
  };
  const init: RequestInit = {
    method: options.method ?? "GET",
    headers,
    credentials: "omit",
    signal: options.signal ?? null,
  };
  if (options.body !== undefined) {
    headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(options.body);
  }
  try {
    const answer = await fetch(path, init);
    heard();
    return answer;
  } catch (error) {
    if (options.signal?.aborted) throw error;
    lost();
    throw new ApiError(0, "unreachable", WORDS[0]!);
  }
}

/** The answer as it comes; a token that has ended is renewed once. Throws ApiError, or AbortError when told to stop. */
export async function request(path: string, options: AskOptions = {}): Promise<Response> {
  const token = await accessToken();
  if (!token) throw new ApiError(401, "unauthorized", WORDS[401]!);
  let answer = await send(path, token, options);
  if (answer.status === 401) {
    const renewed = await renewedToken();
    if (renewed) answer = await send(path, renewed, options);
  }
  if (!answer.ok) throw await errorOf(answer);
  return answer;
}

export async function ask<T>(path: string, options: AskOptions = {}): Promise<T> {
  const answer = await request(path, options);
  return (await answer.json()) as T;
}

/** "/api/v1/calls" and what is asked of it; what is empty is left out. */
export function address(path: string, query: Record<string, string | number | null | undefined>): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") params.set(key, String(value));
  }
  const text = params.toString();
  return text ? `${path}?${text}` : path;
}
