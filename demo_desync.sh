#!/usr/bin/env bash
# The incident, and its end, in four acts, each of them checked: exit code 1 if one goes otherwise.
#
#   ./demo_desync.sh           under two minutes once the images are built
#   ./demo_desync.sh --keep    leaves the containers of the last act running, and says how to remove them
#
# Needs Docker with Compose, and curl. Runs beside other containers of this folder: it has project names of its
# own, takes other ports where the usual ones are in use, and removes what it made.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

keep=
case ${1-} in
    '') ;;
    --keep) keep=yes ;;
    *)
        sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
        exit 2
        ;;
esac

if [[ -t 1 ]]; then
    bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
else
    bold='' dim='' red='' green='' plain=''
fi

act() { printf '\n%s%s%s\n\n' "$bold" "$*" "$plain"; }
tell() { printf '  %s\n' "$@" && echo; }
type_() { printf '  %s$ %s%s\n' "$dim" "$*" "$plain"; }
fail() {
    printf '  %s✗ %s%s\n' "$red" "$*" "$plain"
    exit 1
}
# holds WHAT TEXT PATTERN: the text must match the extended regular expression.
holds() {
    grep -Eq -- "$3" <<<"$2" || fail "$1: expected $3, got: ${2:-nothing}"
    printf '  %s✓%s %s\n' "$green" "$plain" "$1"
}
answer() { fold -s -w 100 <<<"$1" | sed 's/^/    /'; }
# The members of a health answer that matter here.
health_of() { grep -oE '"(status|schema_state|schema_version|target_version)":[^,}]+' <<<"$1" | paste -sd' '; }

for tool in docker curl; do
    command -v "$tool" >/dev/null || fail "$tool is not installed"
done
docker compose version >/dev/null 2>&1 || fail "Docker Compose v2 is not installed"
docker info >/dev/null 2>&1 || fail "there is no Docker engine to talk to"

# The usual port, or any other when that is in use.
port() {
    if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then
        local other
        while other=$((20000 + RANDOM % 12000)) && (exec 3<>"/dev/tcp/127.0.0.1/$other") 2>/dev/null; do :; done
        echo "$other"
    else
        echo "$1"
    fi
}

dev() {
    API_PORT=$dev_port POSTGRES_PORT=$dev_database DESYNC_PORT=$desync_port \
        docker compose --progress quiet -p taskmanager-demo-dev -f docker-compose.dev.yml --profile desync "$@"
}
prod() {
    API_PORT=$prod_port POSTGRES_PORT=$prod_database \
        docker compose --progress quiet -p taskmanager-demo -f docker-compose.prod.yml "$@"
}
remove_dev() { dev down --volumes --timeout 5 >/dev/null 2>&1 || true; }
remove_prod() { prod down --volumes --timeout 5 >/dev/null 2>&1 || true; }
# $1 is the exit code.
end() {
    remove_dev
    [[ -n $keep && $1 == 0 ]] || remove_prod
    exit "$1"
}

dev_port=$(port 8000) dev_database=$(port 5432) desync_port=$(port 8002)
prod_port=$(port 8001) prod_database=$(port 5433)
unset MIGRATE DESYNC_MIGRATE BIND
trap 'end $?' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
remove_dev
remove_prod

if ! docker image inspect taskmanager-dev "${TASKMANAGER_IMAGE:-taskmanager}" >/dev/null 2>&1; then
    tell "The images are not built yet. That takes some minutes, once."
    dev build api desync
fi

begun=$SECONDS
task='{"title": "Ship it on Friday", "priority": "high"}'
# create PORT: shows the command and leaves in reply the answer's body and, on a line of its own, its status
create() {
    type_ "curl localhost:$1/tasks -H 'Content-Type: application/json' -d '$task'"
    reply=$(curl -sS -m 15 -w '\n%{http_code}' -H 'Content-Type: application/json' -d "$task" "localhost:$1/tasks" 2>&1) || true
    answer "$(head -n 1 <<<"$reply" | cut -c1-150) …"
}

act "Act 1. It works on my machine"
tell "A new feature, a new table. In development the service migrates its database as it starts."
type_ "docker compose -f docker-compose.dev.yml up"
dev up --detach --wait api >/dev/null
create "$dev_port"
holds "created: 201" "$(tail -n 1 <<<"$reply")" '^201$'
dev stop --timeout 5 api >/dev/null

act "Act 2. Friday, 17:00: the code is deployed, the migration is not"
tell "The same code, as the production image, on a database that nobody has migrated; and nobody" \
    "looks, for MIGRATE=off is what most services do: start, and hope."
type_ "docker compose -f docker-compose.dev.yml --profile desync up"
dev up --detach desync >/dev/null
container=$(dev ps --all --quiet desync)
for _ in {1..60}; do
    health=$(curl -sS -m 5 -w '\n%{http_code}' "localhost:$desync_port/health" 2>/dev/null) && break
    sleep 0.5
done
holds "the container is up" "$(docker inspect --format '{{.State.Status}}' "$container")" '^running$'
create "$desync_port"
holds "and every request fails: 500" "$(tail -n 1 <<<"$reply")" '^500$'
type_ "docker logs $(docker inspect --format '{{.Name}}' "$container" | tr -d /)"
cause=$(docker logs "$container" 2>&1 | tr -d '\134' | grep -om 1 'relation "tasks" does not exist' || true)
answer "… $cause"
holds "the log has the famous words" "$cause" '^relation "tasks" does not exist$'
type_ "curl localhost:$desync_port/health"
answer "$(health_of "$health")"
holds "this service at least says so: /health is 503" "$(tail -n 1 <<<"$health")" '^503$'
holds "and names the state: behind" "$health" '"schema_state":"behind"'

act "Act 3. The same deployment, with MIGRATE=check"
tell "The service looks before it opens its port. A schema that it does not fit stops the" \
    "deployment, not the users."
type_ "MIGRATE=check docker compose … up"
DESYNC_MIGRATE=check dev up --detach desync >/dev/null
container=$(dev ps --all --quiet desync)
code=$(timeout 30 docker wait "$container" || echo "still running")
words=$(docker logs "$container" 2>&1 | tail -n 1 | sed -E 's/.*"message":"([^"]*)".*/\1/')
answer "$words"
holds "it refused to start, with the exit code for behind: 3" "$code" '^3$'
holds "and says the one command that fixes it" "$words" 'taskmanager migrate up'

act "Act 4. Production as it is meant to be"
tell "MIGRATE=auto: a lock, a verified backup where there is something to lose, the migrations, and only" \
    "then the port. Generated secrets, TLS to the database, a proxy in front."
type_ "docker compose -f docker-compose.prod.yml up"
prod up --detach postgres api proxy >/dev/null
for _ in {1..120}; do
    health=$(curl -fsS -m 5 "localhost:$prod_port/health" 2>/dev/null) && break
    sleep 0.5
done
ran=$(prod logs --no-log-prefix api 2>/dev/null | grep -c '"message":"migration ran"' || true)
holds "it migrated before it served: $ran migrations" "$ran" '^[1-9]'
create "$prod_port"
holds "created: 201" "$(tail -n 1 <<<"$reply")" '^201$'
type_ "curl localhost:$prod_port/health"
health=$(curl -sS -m 5 "localhost:$prod_port/health")
answer "$(health_of "$health")"
holds "healthy, and the schema is current" "$health" '"status":"healthy".*"schema_state":"current"'

act "The code and the schema cannot be out of step any more. ($((SECONDS - begun)) s)"
if [[ -n $keep ]]; then
    tell "Act 4 is still on stage at http://localhost:$prod_port/docs. To end it:" \
        "docker compose -p taskmanager-demo -f docker-compose.prod.yml down --volumes"
fi
