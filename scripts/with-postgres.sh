#!/usr/bin/env bash
# Runs a command beside a throw-away PostgreSQL server, and takes the server away afterwards.
#
#   scripts/with-postgres.sh cargo test
#
# The command gets
#   TEST_POSTGRES_URL  postgres://postgres:<random>@127.0.0.1:<free port>/postgres
#   TEST_POSTGRES_BIN  the folder of initdb and postgres, for tests that start servers of their own
# and PgBouncer and Prometheus installed, for tests that start them. Its exit code is this script's. A server given
# from outside (TEST_POSTGRES_URL=… make test) is used instead, and the output says so: its role must be
# allowed to create databases.
set -euo pipefail

say() { printf 'with-postgres: %s\n' "$*" >&2; }
die() {
    say "$*"
    exit 1
}

# Prints the folder of the newest installed server.
find_bin() {
    local folder
    while read -r folder; do
        if [[ -x $folder/initdb && -x $folder/postgres ]]; then
            printf '%s\n' "$folder"
            return 0
        fi
    done < <(
        printf '%s\n' /usr/lib/postgresql/*/bin | sort -Vr
        pg_config --bindir 2>/dev/null || true
        dirname "$(command -v initdb || echo /nonexistent/initdb)"
    )
    return 1
}

# Prints where PgBouncer is; Debian keeps it where only root's search path leads.
find_pgbouncer() {
    command -v pgbouncer || PATH=/usr/sbin:/usr/local/sbin command -v pgbouncer
}

install_package() { "$(dirname "${BASH_SOURCE[0]}")/install-package.sh" "$1"; }

[[ $# -gt 0 ]] || die "usage: scripts/with-postgres.sh COMMAND [ARGUMENT…]"

bin=$(find_bin) || { install_package postgresql && bin=$(find_bin); } || die "initdb is not to be found"
export TEST_POSTGRES_BIN=$bin
find_pgbouncer >/dev/null || install_package pgbouncer
# promtool comes in the same package.
command -v prometheus >/dev/null || install_package prometheus

if [[ -n ${TEST_POSTGRES_URL:-} ]]; then
    # The part after the last @ holds no password.
    say "using the server given by TEST_POSTGRES_URL (${TEST_POSTGRES_URL##*@})"
    exec "$@"
fi

# The server refuses to run as root, so root hands it to the user that the package made.
as_server=()
if [[ $EUID -eq 0 ]]; then
    id postgres >/dev/null 2>&1 || die "started as root, and there is no user postgres to run the server as"
    if command -v setpriv >/dev/null; then
        as_server=(setpriv --reuid=postgres --regid=postgres --init-groups)
    elif command -v runuser >/dev/null; then
        as_server=(runuser -u postgres --)
    else
        die "started as root, and neither setpriv nor runuser is there to run the server as another user"
    fi
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/taskmanager-pg.XXXXXX")
child=

server() { (cd "$folder" && "${as_server[@]}" "$bin/$1" "${@:2}"); }

# shellcheck disable=SC2329 # called by the traps
clean_up() {
    if [[ -f $folder/cluster/postmaster.pid ]]; then
        server pg_ctl -D "$folder/cluster" -m immediate -s stop >/dev/null 2>&1 || true
    fi
    rm -rf "$folder"
}

# $1 is the exit code; called by the traps. The command is a process group of its own, so what it started ends too.
# shellcheck disable=SC2329
interrupted() {
    trap '' INT TERM
    if [[ -n $child ]]; then
        kill -TERM -- "-$child" 2>/dev/null || true
        wait "$child" 2>/dev/null || true
    fi
    exit "$1"
}

trap clean_up EXIT
trap 'interrupted 130' INT
trap 'interrupted 143' TERM

password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
printf '%s\n' "$password" >"$folder/password"
if [[ $EUID -eq 0 ]]; then
    chown -R postgres "$folder"
fi

server initdb -D "$folder/cluster" -U postgres -A scram-sha-256 --pwfile="$folder/password" \
    --locale=C.UTF-8 -E UTF8 --no-sync >"$folder/initdb.log" 2>&1 </dev/null ||
    { cat "$folder/initdb.log" >&2 && die "initdb failed"; }
rm -f "$folder/password"

cat >>"$folder/cluster/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = '$folder'
max_connections = 300
fsync = off
synchronous_commit = off
full_page_writes = off
log_line_prefix = '%m [%p] %a: '
CONF

# Below the range from which the kernel takes ports by itself.
port=
for _ in {1..20}; do
    candidate=$((20000 + RANDOM % 12000))
    if (exec 3<>"/dev/tcp/127.0.0.1/$candidate") 2>/dev/null; then
        continue
    fi
    if server pg_ctl -D "$folder/cluster" -w -t 60 -s -l "$folder/cluster/server.log" \
        -o "-p $candidate" start >/dev/null 2>&1 </dev/null; then
        port=$candidate
        break
    fi
done
if [[ -z $port ]]; then
    tail -n 20 "$folder/cluster/server.log" >&2 || true
    die "the PostgreSQL server does not start"
fi

export TEST_POSTGRES_URL="postgres://postgres:$password@127.0.0.1:$port/postgres"

status=0
set -m
"$@" <&0 &
child=$!
set +m
wait "$child" || status=$?
child=
# The program has lost sight of a transaction of its own.
if ((status == 0)) &&
    grep -m 5 -E 'already a transaction in progress|no transaction in progress' "$folder/cluster/server.log" >&2; then
    die "the server's log has warnings of transactions, as above"
fi
exit "$status"
