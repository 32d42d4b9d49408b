#!/usr/bin/env bash
# Sends the service what its own OpenAPI document allows, and what it does not, for a minute on SQLite and for a
# minute on PostgreSQL; fails on a server error, or on an answer that the document does not describe.
#
#   scripts/fuzz.sh             FUZZ_SECONDS=600 scripts/fuzz.sh for longer
#
# Schemathesis comes from PyPI into target/fuzz-venv, once. The servers are this script's own, and end with it.
set -euo pipefail

readonly schemathesis=4.32.5
readonly checks=not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance,unsupported_method,allow_header_conformance,missing_required_header
readonly seconds=${FUZZ_SECONDS:-60}

cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf 'fuzz: %s\n' "$*" >&2; }
die() {
    say "$*"
    exit 1
}

[[ $seconds =~ ^[1-9][0-9]*$ ]] || die "FUZZ_SECONDS must be a whole number of seconds, got $seconds"
if [[ -z ${TEST_POSTGRES_BIN:-} ]]; then
    exec scripts/with-postgres.sh scripts/fuzz.sh
fi

readonly venv=$PWD/target/fuzz-venv
install_fuzzer() {
    if ! python3 -c 'import ensurepip' 2>/dev/null; then
        if [[ $EUID -ne 0 ]] || ! command -v apt-get >/dev/null; then
            die "install python3 with venv: apt-get install python3-venv"
        fi
        say "installing python3-venv with apt-get"
        apt-get update -qq >&2 && apt-get install -y -qq --no-install-recommends python3-venv >&2 </dev/null
    fi
    say "installing schemathesis $schemathesis into target/fuzz-venv"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$schemathesis"
}
"$venv/bin/python" -c "import importlib.metadata as m; assert m.version('schemathesis') == '$schemathesis'" 2>/dev/null ||
    install_fuzzer

cargo build --quiet
readonly binary=${CARGO_TARGET_DIR:-$PWD/target}/debug/taskmanager

folder=$(mktemp -d "${TMPDIR:-/tmp}/taskmanager-fuzz.XXXXXX")
server=
database=
psql=
admin() { "$psql" --no-psqlrc --quiet --dbname "$TEST_POSTGRES_URL" --command "$1" >/dev/null; }

# shellcheck disable=SC2329 # called by the trap
clean_up() {
    if [[ -n $server ]]; then
        kill -KILL "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    if [[ -n $database ]]; then
        admin "DROP DATABASE IF EXISTS $database WITH (FORCE)" || true
    fi
    rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# $1 is a name for people, $2 the database's URL.
fuzz() {
    local log=$folder/$1.log address='' status=0 ended=0
    (cd "$folder" && exec env -i PATH="$PATH" DATABASE_URL="$2" PORT=0 LOG_FORMAT=json RUST_LOG=info "$binary") >"$log" 2>&1 &
    server=$!
    for _ in {1..300}; do
        address=$(sed -n 's/.*"address":"\([^"]*\)".*/\1/p' "$log" | head -n 1)
        if [[ -n $address ]] || ! kill -0 "$server" 2>/dev/null; then
            break
        fi
        sleep 0.1
    done
    [[ -n $address ]] || { cat "$log" >&2 && die "the server on $1 does not start"; }

    say "$1: $seconds s against http://$address"
    # A stream of events does not end, and would be waited for.
    (cd "$folder" && timeout --kill-after=10 $((seconds + 120)) "$venv/bin/schemathesis" --no-color run \
        "http://$address/openapi.json" --phases examples,coverage,fuzzing --max-time "$seconds" \
        --exclude-path /tasks/events --checks "$checks" --continue-on-failure --generation-database none --warnings off </dev/null) ||
        status=$?

    kill -TERM "$server"
    wait "$server" || ended=$?
    server=
    if grep -E '"level":"ERROR"|panicked' "$log" >&2; then
        die "$1: the server said so"
    fi
    [[ $ended -eq 0 ]] || die "$1: the server ended with $ended"
    [[ $status -eq 0 ]] || die "$1: see above (exit $status)"
}

fuzz sqlite "sqlite://$folder/fuzz.db"

psql=$TEST_POSTGRES_BIN/psql
[[ -x $psql ]] || psql=$(command -v psql) || die "psql is not installed: it makes the database"
database=fuzz_$$_$RANDOM
admin "CREATE DATABASE $database"
place=${TEST_POSTGRES_URL%%\?*}
query=${TEST_POSTGRES_URL#"$place"}
fuzz postgresql "${place%/*}/$database$query"
say "nothing found on either database"
