#!/usr/bin/env bash
# Measures a backup beside what it is made with alone (pg_dump, VACUUM INTO), while eight writers go on.
#
#   scripts/bench/backup.sh                                          1,000,000 tasks, on both databases
#   BENCH_ROWS=20000 BENCH_ROUNDS=2 scripts/bench/backup.sh          a quick look
#   BENCH_BINARY=target/debug/taskmanager scripts/bench/backup.sh    another build
set -euo pipefail
cd "$(dirname "$0")/../.."

[[ -n ${BENCH_BINARY:-} ]] || cargo build --release
# shellcheck disable=SC2016 # expanded by the inner shell, on purpose
exec scripts/with-postgres.sh bash -euc \
    'PATH=$TEST_POSTGRES_BIN:$PATH exec python3 -B scripts/bench/backup.py'
