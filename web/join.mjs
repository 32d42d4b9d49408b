/**
 * Joins the page's modules and its first style sheets into the few files of dist/, which are what is served.
 *
 *   npm --prefix web run join             writes dist/ again
 *   npm --prefix web run join -- --check  only says whether it is what these sources give; exit code 1 if not
 *
 * dist/SOURCES holds the hash of all sources, made as src/web/bundle.rs makes it: joined modules of other sources
 * are not served.
 */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const WEB = fileURLToPath(new URL(".", import.meta.url));
const FOLDERS = ["app", "i18n", "styles", "vendor", "views"];
const SERVED = /\.(css|html|js|png|svg|txt)$/;
const SHEETS = /(<link rel="stylesheet" href="\/assets\/\{hash\}\/(styles\/\w+\.css)">\n)+/;
const ENTRY = "app/main.js";

const page = readFileSync(join(WEB, "index.html"), "utf8");
const made = await joined();
if (process.argv.includes("--check")) check(made);
else write(made);

/** @returns {Promise<Map<string, string>>} the files of dist/ by their names */
async function joined() {
  const options = /** @type {const} */ ({
    absWorkingDir: WEB, bundle: true, charset: "utf8", legalComments: "eof", logLevel: "warning", metafile: true,
    minify: true, outdir: "dist", target: "es2023", write: false,
  });
  const scripts = await build({ ...options, entryPoints: [ENTRY], chunkNames: "[name]-[hash]", entryNames: "[name]", format: "esm", splitting: true });
  const sheets = [...page.matchAll(/rel="stylesheet" href="\/assets\/\{hash\}\/([^"]+)"/g)].map(([, path]) => `@import "./${path}";`);
  const stdin = { contents: sheets.join("\n"), loader: /** @type {const} */ ("css"), resolveDir: WEB, sourcefile: "page.css" };
  const style = await build({ ...options, stdin, outfile: "dist/page.css", outdir: undefined });

  const files = new Map();
  for (const { path, text } of [...scripts.outputFiles, ...style.outputFiles]) files.set(posix.basename(path), text);
  const main = Object.values(scripts.metafile.outputs).find(({ entryPoint }) => entryPoint === ENTRY);
  const first = main.imports.filter(({ kind }) => kind === "import-statement").map(({ path }) => posix.basename(path));
  const links = ["main.js", ...first].map((name) => `<link rel="modulepreload" href="/assets/{hash}/dist/${name}">`);
  files.set("index.html", page
    .replace(SHEETS, '<link rel="stylesheet" href="/assets/{hash}/dist/page.css">\n')
    .replace("<!-- preload -->", links.join("\n"))
    .replace(`/assets/{hash}/${ENTRY}`, "/assets/{hash}/dist/main.js"));
  files.set("SOURCES", `${hash()}\n`);
  return files;
}

/** @returns {string} the hash of all sources */
function hash() {
  const paths = FOLDERS.flatMap((folder) => readdirSync(join(WEB, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && SERVED.test(entry.name))
    .map((entry) => posix.join(entry.parentPath.slice(WEB.length), entry.name));
  const lines = ["index.html", ...paths].sort().map((path) => `${path} ${digest(readFileSync(join(WEB, path)))}\n`);
  return digest(lines.join("")).slice(0, 16);
}

/** @param {string | Buffer} bytes */
function digest(bytes) {
  return createHash("sha256").update(bytes).digest("hex").slice(0, 32);
}

/** @param {Map<string, string>} files */
function write(files) {
  rmSync(join(WEB, "dist"), { force: true, recursive: true });
  mkdirSync(join(WEB, "dist"));
  for (const [name, text] of files) writeFileSync(join(WEB, "dist", name), text);
}

/** @param {Map<string, string>} files */
function check(files) {
  const there = existsSync(join(WEB, "dist")) ? readdirSync(join(WEB, "dist")) : [];
  const differs = [...files].filter(([name, text]) => !there.includes(name) || readFileSync(join(WEB, "dist", name), "utf8") !== text);
  const extra = there.filter((name) => !files.has(name));
  const names = [...differs.map(([name]) => name), ...extra];
  if (names.length > 0) {
    console.error(`web/dist is not what these sources give (${names.join(", ")}): npm --prefix web run join`);
    process.exitCode = 1;
  }
}
