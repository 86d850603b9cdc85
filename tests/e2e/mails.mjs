// Pictures of the mails that a digest can be, for people to look at: tests/mails writes them beside their HTML and text.
// As a browser shows them: light, dark and on a narrow phone; the mail with all styles but those on its elements taken away too.
import fs from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";

const [folder, ...words] = process.argv.slice(2);
const LOOKS = {
  light: { viewport: { width: 760, height: 900 }, colorScheme: "light" },
  dark: { viewport: { width: 760, height: 900 }, colorScheme: "dark" },
  narrow: { viewport: { width: 320, height: 700 }, colorScheme: "light" },
  "narrow-dark": { viewport: { width: 320, height: 700 }, colorScheme: "dark" },
  bare: { viewport: { width: 760, height: 900 }, colorScheme: "light", bare: true },
};
const names = fs.readdirSync(folder).filter((file) => file.endsWith(".html"));
const wanted = (name) => !words.length || words.some((word) => name.includes(word));
const browser = await chromium.launch({
  executablePath: process.env.RINGBACK_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND"],
});
let wide = 0;

for (const file of names) {
  for (const [look, { bare, ...options }] of Object.entries(LOOKS)) {
    const name = `${path.basename(file, ".html")}-${look}`;
    if (!wanted(name)) continue;
    const page = await browser.newPage(options);
    let html = fs.readFileSync(path.join(folder, file), "utf8");
    if (bare) html = html.replace(/<style>.*?<\/style>/gs, "").replace(/ class="[^"]*"/g, "");
    await page.setContent(html);
    const width = await page.evaluate("document.documentElement.scrollWidth");
    if (width > options.viewport.width) wide++;
    await page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true });
    console.log(`${name}.png${width > options.viewport.width ? `: ${width} px wide!` : ""}`);
    await page.close();
  }
}
await browser.close();
process.exitCode = wide ? 1 : 0;
