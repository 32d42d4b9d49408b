#!/usr/bin/env bash
# Measures a release build against its targets and writes the figures into docs/BENCHMARKS.md.
#
#   scripts/bench.sh            (make bench; about ten minutes, and nothing else may run meanwhile)
#   BENCH_ROWS=100000 BENCH_SECONDS=3 BENCH_ROUNDS=3 scripts/bench.sh --no-write     a quick look, under six minutes
#   BENCH_BINARY=target/x/taskmanager scripts/bench.sh --no-write     another build
#   BENCH_BEFORE=old/taskmanager scripts/bench.sh                     latency beside that of an older build
set -euo pipefail
cd "$(dirname "$0")/.."

die() {
    printf 'bench: %s\n' "$*" >&2
    exit 1
}

command -v python3 >/dev/null || die "python3 is needed"
command -v cargo >/dev/null || die "cargo is needed"
command -v wrk >/dev/null || scripts/install-package.sh wrk

[[ -n ${BENCH_BINARY:-} ]] || cargo build --release
# The server's own folder has pgbench and psql, whatever the search path has.
# shellcheck disable=SC2016 # expanded by the inner shell, on purpose
exec scripts/with-postgres.sh bash -euc \
    'PATH=$TEST_POSTGRES_BIN:$PATH exec python3 -B scripts/bench/run.py "$@"' bench "$@"
