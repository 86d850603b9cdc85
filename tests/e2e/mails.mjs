// Pictures of the mails that a digest can be, for people to look at: tests/mails writes them beside their HTML and text.
// As a browser shows them: light, dark and on a narrow phone, and bare: with no style but what stands on each element. axe looks
// at all of them.
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
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
const AXE = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const OF_PAGES = { "landmark-one-main": { enabled: false }, region: { enabled: false } }; // a mail stands within a page
let bad = 0;

/** What is hard to read, and what is wider than the window. */
async function flawsOf(page, width) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(`axe.run(document, ${JSON.stringify({ rules: OF_PAGES })})`);
  const flaws = violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 120)}`));
  const wide = await page.evaluate("document.documentElement.scrollWidth");
  return wide > width ? [...flaws, `${wide} px wide`] : flaws;
}

for (const file of names) {
  for (const [look, { bare, ...options }] of Object.entries(LOOKS)) {
    const name = `${path.basename(file, ".html")}-${look}`;
    if (!wanted(name)) continue;
    const page = await browser.newPage(options);
    let html = fs.readFileSync(path.join(folder, file), "utf8");
    if (bare) html = html.replace(/<style>.*?<\/style>/gs, "").replace(/ class="[^"]*"/g, "");
    await page.setContent(html);
    await page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true });
    const flaws = await flawsOf(page, options.viewport.width);
    bad += flaws.length;
    console.log([`${name}.png`, ...flaws].join("\n  "));
    await page.close();
  }
}
await browser.close();
process.exitCode = bad ? 1 : 0;
