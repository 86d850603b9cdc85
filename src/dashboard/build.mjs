// Makes the pages: one script and one style sheet with their digest in the name, each also as gzip and Brotli, and the C
// source that embeds them (struct page_file in src/app/pages.h).
//   node build.mjs OUT    writes to the folder OUT; --watch goes on with each change, for looking at it while writing
import { build, context } from "esbuild";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import zlib from "node:zlib";

const home = path.dirname(fileURLToPath(import.meta.url));
const out = path.resolve(process.argv.slice(2).find((arg) => !arg.startsWith("--")) ?? "out");
const TYPES = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

const options = {
  absWorkingDir: home,
  entryPoints: { app: "main.tsx", style: "style/all.css" },
  outdir: out,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022", "chrome109", "firefox115", "safari16"],
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  write: false,
  metafile: true,
  logLevel: "warning",
};

const pressed = {
  gzip: (bytes) => zlib.gzipSync(bytes, { level: 9 }),
  brotli: (bytes) =>
    zlib.brotliCompressSync(bytes, {
      params: {
        [zlib.constants.BROTLI_PARAM_QUALITY]: 11,
        [zlib.constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    }),
};

/** app.js becomes app-0123456789.js: what has this name never changes. */
function named(file, bytes) {
  const { name, ext } = path.parse(file);
  return `${name}-${createHash("sha256").update(bytes).digest("hex").slice(0, 10)}${ext}`;
}

function asset(file, contents) {
  const bytes = Buffer.from(contents);
  const name = named(file, bytes);
  const forms = { plain: bytes, gzip: pressed.gzip(bytes), brotli: pressed.brotli(bytes) };
  for (const [form, data] of Object.entries(forms)) fs.writeFileSync(path.join(out, `${name}.${form}`), data);
  return { name, type: TYPES[path.extname(file)], forms };
}

const quoted = (text) => JSON.stringify(text).replaceAll("?", "\\?");

/** The bytes as a symbol of the object file, by the assembler: a compiler takes long over arrays of this size. */
function embedded(symbol, file) {
  return [
    `__asm__(".section .rodata\\n.balign 16\\n${symbol}:\\n.incbin \\"${file}\\"\\n${symbol}_end:\\n.previous\\n");`,
    `extern const char ${symbol}[] __asm__("${symbol}"), ${symbol}_end[] __asm__("${symbol}_end");`,
  ].join("\n");
}

function source(assets, html) {
  const parts = ['#include "page_files.h"', ""];
  const rows = [];
  for (const [i, { name, type, forms }] of assets.entries()) {
    const pointers = Object.keys(forms).map((form) => {
      const symbol = `page_file_${i}_${form}`;
      parts.push(embedded(symbol, path.join(out, `${name}.${form}`)));
      return `{${symbol}, ${forms[form].length}}`;
    });
    rows.push(`    {${quoted(name)}, ${quoted(type)}, {${pointers.join(", ")}}},`);
  }
  parts.push("", "const struct page_file page_files[] = {", ...rows, "    {0, 0, {{0, 0}}},", "};", "");
  const lines = html.split("\n").map((line) => `    ${quoted(`${line}\n`)}`);
  parts.push("const char page_index[] =", `${lines.join("\n")};`, "");
  return parts.join("\n");
}

const HEADER = `#pragma once
/* Made from src/dashboard. */
#include "str.h"

/* How the bytes may be sent. */
enum page_form { PAGE_PLAIN, PAGE_GZIP, PAGE_BROTLI, PAGE_FORMS };

/* A file under /assets. Its name has its digest in it, so what has this name never changes. */
struct page_file {
    const char *name, *type;
    struct str forms[PAGE_FORMS];
};

extern const struct page_file page_files[]; /* ends with a row whose name is NULL */
/* The page itself, with @SUPABASE_URL@ and @ANON_KEY@ to be filled in. */
extern const char page_index[];
`;

function writeIfNew(file, text) {
  if (!fs.existsSync(file) || fs.readFileSync(file, "utf8") !== text) fs.writeFileSync(file, text);
}

function finish(result) {
  fs.mkdirSync(out, { recursive: true });
  const made = Object.fromEntries(result.outputFiles.map((file) => [path.basename(file.path), file.contents]));
  const assets = {
    SCRIPT: asset("app.js", made["app.js"]),
    STYLE: asset("style.css", made["style.css"]),
    ICON: asset("icon.svg", fs.readFileSync(path.join(home, "icon.svg"))),
  };
  let html = fs.readFileSync(path.join(home, "index.html"), "utf8");
  for (const [key, { name }] of Object.entries(assets)) html = html.replace(`@${key}@`, `/assets/${name}`);
  writeIfNew(path.join(out, "page_files.h"), HEADER);
  fs.writeFileSync(path.join(out, "page_files.c"), source(Object.values(assets), html.trimEnd()));
  fs.writeFileSync(path.join(out, "meta.json"), JSON.stringify(result.metafile));
  const sizes = Object.values(assets).map(
    ({ name, forms }) => `${name} ${forms.plain.length}, ${forms.brotli.length} in Brotli`,
  );
  console.log(`pages: ${sizes.join("; ")} bytes`);
}

if (process.argv.includes("--watch")) {
  const plugin = { name: "finish", setup: (of) => of.onEnd((result) => result.errors.length || finish(result)) };
  await (await context({ ...options, plugins: [plugin] })).watch();
} else {
  finish(await build(options));
}
