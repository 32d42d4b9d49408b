#!/usr/bin/env bash
# Asks the npm registry for known advisories against the vendored JavaScript: the dependencies of web/package.json, which name
# every vendored version, and those of libraries within a bundle. Exit code 1 on an advisory; where the registry cannot be
# asked, says so, and ends well.
set -euo pipefail
cd "$(dirname "$0")/../web"
report=$(npm audit --omit=dev --json 2>/dev/null </dev/null) || true
exec node --input-type=module - "$report" <<'NODE'
let report = {};
try {
  report = JSON.parse(process.argv[2]);
} catch {
  // Said below.
}
if (report.metadata?.vulnerabilities === undefined) {
  const why = report.error?.summary || report.message || "npm audit gave no report";
  console.log(`advisories against vendored JavaScript were not checked: ${why}`);
} else {
  const found = Object.values(report.vulnerabilities ?? {});
  for (const { name, severity, via } of found) {
    const titles = via.map((one) => (typeof one === "string" ? `through ${one}` : `${one.title} ${one.url}`));
    console.error(`${name} (${severity}): ${titles.join("; ")}`);
  }
  if (found.length > 0) {
    console.error("vendored JavaScript has known advisories: take newer versions, see scripts/vendor.sh");
    process.exitCode = 1;
  }
}
NODE
