#!/usr/bin/env bash
# Measures a release build against its targets and writes the figures into docs/BENCHMARKS.md.
#
#   scripts/bench.sh            (make bench; about ten minutes, and nothing else may run meanwhile)
#   BENCH_ROWS=100000 BENCH_SECONDS=2 scripts/bench.sh --no-write     a quick look
set -euo pipefail
cd "$(dirname "$0")/.."

die() {
    printf 'bench: %s\n' "$*" >&2
    exit 1
}

command -v python3 >/dev/null || die "python3 is needed"
command -v cargo >/dev/null || die "cargo is needed"
if ! command -v wrk >/dev/null; then
    if [[ $EUID -ne 0 ]] || ! command -v apt-get >/dev/null; then
        die "wrk (the load generator) is needed; install it with: sudo apt-get install wrk"
    fi
    apt-get update -qq && apt-get install -y -qq --no-install-recommends wrk >/dev/null
fi

cargo build --release
# The server's own folder has pgbench and psql, whatever the search path has.
# shellcheck disable=SC2016 # expanded by the inner shell, on purpose
exec scripts/with-postgres.sh bash -euc \
    'PATH=$TEST_POSTGRES_BIN:$PATH exec python3 -B scripts/bench/run.py "$@"' bench "$@"
