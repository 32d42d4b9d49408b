#!/usr/bin/env bash
# Writes web/vendor/, web/swagger-ui/vendor/ and tests/browser/vendor/ from the npm registry: the versions of web/package.json,
# as its lockfile knows them.
#
#   npm --prefix web install --save-exact preact@11.2.0   another version, then
#   scripts/vendor.sh                                     the files, their licences and checksums
#   scripts/vendor.sh --check                             only compares the files with web/node_modules; exit code 1 if they differ
#
# The files in web/vendor/ are the packages' own, but for two things that a browser without an import map needs: the names of
# packages in their imports become relative paths, and the comment that leads to a source map goes. The others are copies.
set -euo pipefail
cd "$(dirname "$0")/../web"

readonly folders=(web/vendor web/swagger-ui/vendor tests/browser/vendor)
if [[ ${1:-} == --check ]]; then
    readonly root=$(mktemp -d)
    trap 'rm -rf "$root"' EXIT
else
    npm ci --ignore-scripts --no-audit --no-fund --silent
    readonly root=$PWD/..
fi
for folder in "${folders[@]}"; do
    rm -rf "${root:?}/$folder"
    mkdir -p "$root/$folder"
done

into=$root/web/vendor
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

# copy PACKAGE FILE TARGET: a file of a package as it is, in the folder $into.
copy() {
    cp "node_modules/$1/$2" "$into/$3"
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
# The viewer of the OpenAPI document.
into=$root/web/swagger-ui/vendor
for file in index.css swagger-ui.css swagger-ui-bundle.js swagger-ui-bundle.js.LICENSE.txt favicon-32x32.png LICENSE NOTICE; do
    copy swagger-ui-dist "$file" "$file"
done
# The checker of accessibility, for the tests alone.
into=$root/tests/browser/vendor
take axe-core axe.min.js axe.min.js
take axe-core LICENSE LICENSE
into=$root/web/vendor
# The types stay in node_modules, where the check of types finds them.
echo 'export * from "preact";' >"$into/preact/preact.d.ts"
echo 'export * from "preact/hooks";' >"$into/preact/hooks/hooks.d.ts"
echo 'export * from "@preact/signals-core";' >"$into/signals-core/signals-core.d.ts"
echo 'export * from "@preact/signals";' >"$into/signals/signals.d.ts"
echo 'export { default } from "htm";' >"$into/htm/htm.d.ts"
echo 'export { default } from "uplot";' >"$into/uplot/uPlot.d.ts"

node --input-type=module - "${folders[@]/#/$root/}" <<'NODE'
import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";

// What a package has within its files and does not say: a library in a bundle, by the notice that stands in the bundle.
const BUNDLED = { "swagger-ui-dist": [["dompurify", "swagger-ui-bundle.js.LICENSE.txt", /DOMPurify ([\d.]+)/]] };

for (const folder of process.argv.slice(2)) {
  const packages = new Map();
  for (const line of readFileSync(`${folder}/taken`, "utf8").trim().split("\n")) {
    const [name, from, path] = line.split("\t");
    const { version, license } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8"));
    const entry = packages.get(name) ?? { name, version, license, files: [] };
    const sha256 = createHash("sha256").update(readFileSync(`${folder}/${path}`)).digest("hex");
    entry.files.push({ path, from, sha256 });
    packages.set(name, entry);
  }
  for (const [name, bundled] of Object.entries(BUNDLED)) {
    const entry = packages.get(name);
    if (!entry) continue;
    const version = ([, file, notice]) => notice.exec(readFileSync(`${folder}/${file}`, "utf8"))[1];
    entry.bundles = Object.fromEntries(bundled.map((one) => [one[0], version(one)]));
  }
  writeFileSync(`${folder}/VENDOR.json`, `${JSON.stringify([...packages.values()], null, 1)}\n`);
  rmSync(`${folder}/taken`);
}
NODE

if [[ ${1:-} == --check ]]; then
    for folder in "${folders[@]}"; do
        diff -rq "$root/$folder" "../$folder" >&2 ||
            { echo "$folder is not what the packages of web/package-lock.json have: run scripts/vendor.sh" >&2 && exit 1; }
    done
fi
