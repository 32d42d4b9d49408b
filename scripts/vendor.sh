#!/usr/bin/env bash
# Writes web/vendor/ and tests/browser/vendor/ anew from the npm registry: the versions of web/package.json, as its lockfile knows them.
#
#   npm --prefix web install --save-exact preact@11.2.0   another version, then
#   scripts/vendor.sh                                     the files, their licences and checksums
#
# The files are the packages' own, but for two things that a browser without an import map needs: the names of
# packages in their imports become relative paths, and the comment that leads to a source map goes.
set -euo pipefail
cd "$(dirname "$0")/../web"
npm ci --ignore-scripts --no-audit --no-fund --silent
rm -rf vendor ../tests/browser/vendor
mkdir -p vendor ../tests/browser/vendor

into=vendor
# take PACKAGE FILE TARGET: a file of a package, made ready, in the folder $into.
take() {
    mkdir -p "$(dirname "$into/$3")"
    sed -E \
        -e 's#//[#@] ?sourceMappingURL=.*$##' \
        -e "s#(from ?)([\"'])preact/hooks[\"']#\1\2$(root "$3")preact/hooks/hooks.js\2#g" \
        -e "s#(from ?)([\"'])preact[\"']#\1\2$(root "$3")preact/preact.js\2#g" \
        -e "s#(from ?)([\"'])@preact/signals-core[\"']#\1\2$(root "$3")signals-core/signals-core.js\2#g" \
        "node_modules/$1/$2" >"$into/$3"
    printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>"$into/taken"
}

# The way from a file in vendor/ back to vendor/.
root() {
    local folder
    folder=$(dirname "$1")
    [ "$folder" = . ] || printf '%s' "$folder/" | sed -E 's#[^/]+/#../#g'
}

take preact dist/preact.mjs preact/preact.js
take preact LICENSE preact/LICENSE
take preact hooks/dist/hooks.mjs preact/hooks/hooks.js
take @preact/signals-core dist/signals-core.mjs signals-core/signals-core.js
take @preact/signals-core LICENSE signals-core/LICENSE
take @preact/signals dist/signals.mjs signals/signals.js
take @preact/signals LICENSE signals/LICENSE
take htm dist/htm.module.js htm/htm.js
take htm LICENSE htm/LICENSE
take uplot dist/uPlot.esm.js uplot/uPlot.js
take uplot dist/uPlot.min.css uplot/uPlot.css
take uplot LICENSE uplot/LICENSE
# The checker of accessibility, for the tests alone.
into=../tests/browser/vendor
take axe-core axe.min.js axe.min.js
take axe-core LICENSE LICENSE
# The types stay in node_modules, where the check of types finds them.
echo 'export * from "preact";' >vendor/preact/preact.d.ts
echo 'export * from "preact/hooks";' >vendor/preact/hooks/hooks.d.ts
echo 'export * from "@preact/signals-core";' >vendor/signals-core/signals-core.d.ts
echo 'export * from "@preact/signals";' >vendor/signals/signals.d.ts
echo 'export { default } from "htm";' >vendor/htm/htm.d.ts
echo 'export { default } from "uplot";' >vendor/uplot/uPlot.d.ts

node --input-type=module - <<'NODE'
import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";

for (const folder of ["vendor", "../tests/browser/vendor"]) {
  const packages = new Map();
  for (const line of readFileSync(`${folder}/taken`, "utf8").trim().split("\n")) {
    const [name, from, path] = line.split("\t");
    const { version, license } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8"));
    const entry = packages.get(name) ?? { name, version, license, files: [] };
    const sha256 = createHash("sha256").update(readFileSync(`${folder}/${path}`)).digest("hex");
    entry.files.push({ path, from, sha256 });
    packages.set(name, entry);
  }
  writeFileSync(`${folder}/VENDOR.json`, `${JSON.stringify([...packages.values()], null, 1)}\n`);
  rmSync(`${folder}/taken`);
}
NODE
