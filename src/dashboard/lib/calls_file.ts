// The calls as a file for a spreadsheet: asked with the token, then handed to the browser to keep.
import { request } from "./api";

/** "larkspur-dental-studio"; empty when there is no letter or digit for it. */
function plainName(name: string): string {
  return name
    .normalize("NFKD")
    .replace(/[\u0300-\u036f']/g, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 40)
    .replace(/^-+|-+$/g, "");
}

export function fileName(business: string, from: string, to: string): string {
  return ["calls", plainName(business), from, "to", to].filter(Boolean).join("-") + ".csv";
}

export async function download(question: string, name: string, signal: AbortSignal): Promise<void> {
  const answer = await request(question, { headers: { Accept: "text/csv" }, signal });
  const url = URL.createObjectURL(await answer.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
