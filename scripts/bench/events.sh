#!/usr/bin/env bash
# Measures events: how long one takes to a client, on one instance and across two, and what a thousand clients cost.
#
#   scripts/bench/events.sh                                              on both databases
#   BENCH_CLIENTS=100 BENCH_SECONDS=2 scripts/bench/events.sh            a quick look
#   BENCH_BINARY=target/debug/taskmanager scripts/bench/events.sh        another build
set -euo pipefail
cd "$(dirname "$0")/../.."

command -v wrk >/dev/null || {
    echo 'events: wrk (the load generator) is needed: apt-get install wrk' >&2
    exit 1
}
[[ -n ${BENCH_BINARY:-} ]] || cargo build --release
# Each client is a file descriptor here, and another in the service.
ulimit -n "$(ulimit -Hn)"
# shellcheck disable=SC2016 # expanded by the inner shell, on purpose
exec scripts/with-postgres.sh bash -euc \
    'PATH=$TEST_POSTGRES_BIN:$PATH exec python3 -B scripts/bench/events.py'
