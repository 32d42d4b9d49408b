#!/usr/bin/env bash
# The production service as its users meet it, from a clean clone to a restored backup, on a Docker engine.
#
#   scripts/e2e.sh
#
# Prints a line a step and ends in "N passed, N failed"; exit code 1 if one failed. What is committed counts:
# it works on a clone of HEAD, in containers, volumes and ports of its own, and removes them. Without an engine
# or its base images it says so and exits 0, unless E2E_REQUIRED is set. Two images are built on the way, so the first run takes
# as long as the compiler does. CARGO_BUILD_JOBS bounds that; E2E_IMAGE and E2E_NEXT_IMAGE name images that are
# built already, of HEAD and of HEAD with one more migration. Needs bash, git, curl and Docker with Compose.
#
# shellcheck disable=SC2317,SC2329 # the functions are called by step, within and the trap
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

say() { printf 'e2e: %s\n' "$*"; }

if ! docker info >/dev/null 2>&1 || ! docker compose version >/dev/null 2>&1; then
    say "no Docker engine with Compose is to be had here: the end-to-end run was left out"
    [[ -z ${E2E_REQUIRED-} ]]
    exit
fi

had() { docker image inspect "$1" >/dev/null 2>&1 || timeout 300 docker pull -q "$1" >/dev/null 2>&1; }
while read -r image; do
    had "$image" && continue
    say "the image $image is not to be had here: the end-to-end run was left out"
    [[ -z ${E2E_REQUIRED-} ]]
    exit
done < <(
    sed -nE 's/^FROM ([^ ]+).*/\1/p; s/^ +image: ([a-z][^ ]*)$/\1/p' Dockerfile Dockerfile.dev docker-compose.prod.yml |
        grep -v -e grafana -e '^taskmanager' | sort -u
)

work=$(mktemp -d "${TMPDIR:-/tmp}/taskmanager-e2e.XXXXXX")
clone=$work/clone
now=taskmanager-e2e:now next=taskmanager-e2e:next
export COMPOSE_PROJECT_NAME=taskmanager-e2e COMPOSE_FILE=docker-compose.prod.yml COMPOSE_PROGRESS=quiet
export TASKMANAGER_IMAGE=$now
unset BIND ENVIRONMENT MIGRATE BACKUP_KEEP

clean_up() {
    touch "$work/stop"
    wait
    if [[ -d $clone ]]; then
        (cd "$clone" && docker compose down --volumes --timeout 5 >/dev/null 2>&1)
    fi
    docker image rm "$next" "$now" >/dev/null 2>&1
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The usual port, or any other when that is in use.
port() {
    local candidate=$1
    while (exec 3<>"/dev/tcp/127.0.0.1/$candidate") 2>/dev/null; do candidate=$((20000 + RANDOM % 12000)); done
    echo "$candidate"
}
API_PORT=$(port 8001) POSTGRES_PORT=$(port 5433) PROMETHEUS_PORT=$(port 9090) GRAFANA_PORT=$(port 3000)
export API_PORT POSTGRES_PORT PROMETHEUS_PORT GRAFANA_PORT
url=localhost:$API_PORT

passed=0 failed=0
# step WHAT COMMAND…: runs it; its output is shown when it fails, and its last line when it begins with "= ".
step() {
    local what=$1 begun=$SECONDS note
    shift
    if "$@" >"$work/step" 2>&1; then
        note=$(grep '^= ' "$work/step" | tail -n 1)
        printf 'ok    %3d s  %s%s\n' $((SECONDS - begun)) "$what" "${note:+: ${note#= }}"
        passed=$((passed + 1))
    else
        printf 'FAIL  %3d s  %s\n' $((SECONDS - begun)) "$what"
        tail -n 25 "$work/step" | sed 's/^/             /'
        failed=$((failed + 1))
        return 1
    fi
}
finish() {
    printf '%d passed, %d failed\n' "$passed" "$failed"
    [[ $failed -eq 0 ]]
    exit
}
# within SECONDS COMMAND…: until it succeeds.
within() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < deadline)) || { echo "not within the time: $*" && "$@"; return; }
        sleep 0.2
    done
}
get() { curl -fsS -m 15 "$url$1"; }
create() {
    curl -fsS -m 15 -o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' \
        -d "{\"title\": \"$1\"}" "$url/tasks" | grep -qx 201
}
count() { get /tasks/count | grep -oE '[0-9]+'; }
sql() {
    # shellcheck disable=SC2016 # expanded in the container
    docker compose exec -T postgres sh -c 'PGPASSWORD=$(cat /secrets/postgres_password) psql -U postgres -d taskmanager -Atc "$1"' sql "$1"
}

# Load in the background: $1 is where the answers are counted. Every fourth request writes.
load() {
    rm -f "$work/stop"
    for client in 1 2 3 4; do
        (
            n=0
            while [[ ! -e $work/stop ]]; do
                n=$((n + 1))
                if ((n % 4)); then
                    code=$(curl -sS -m 20 -o /dev/null -w '%{http_code}' "$url/tasks?limit=5" 2>>"$work/curl")
                else
                    code=$(curl -sS -m 20 -o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' \
                        -d "{\"title\": \"load $client $n\"}" "$url/tasks" 2>>"$work/curl")
                fi
                echo "$code"
            done >"$1.$client"
        ) &
    done
}
end_load() {
    touch "$work/stop"
    wait
}
answers() { sort "$1".? | uniq -c | awk '{printf "%s%s × %s", (NR > 1 ? ", " : ""), $1, $2}'; }
# no_failure FILE: only 200 and 201, and enough of them to mean something.
no_failure() {
    echo "= $(answers "$1")"
    [[ $(cat "$1".? | wc -l) -gt 50 ]] && ! grep -qvE '^20[01]$' "$1".?
}

# --- steps, in their order

clone_() { git clone -q --no-hardlinks . "$clone" && cd "$clone" && docker compose config -q && docker compose -f docker-compose.dev.yml --profile desync config -q; }

build() {
    if [[ -n ${E2E_IMAGE-} ]]; then
        docker tag "$E2E_IMAGE" "$now"
    else
        REVISION=$(git rev-parse HEAD) docker compose --progress plain build api
    fi || return 1
    local size
    size=$(($(docker image inspect -f '{{.Size}}' "$now") / 1000000))
    echo "= $size MB"
    ((size < 200))
}

services=(postgres api proxy backup prometheus)
if_grafana() { had "$(grep -oE 'grafana/grafana:[0-9.]+' docker-compose.prod.yml)"; }

up() {
    local begun finished
    begun=$(date +%s%N)
    docker compose up -d "${services[@]}" || return 1
    within 60 get /tasks || return 1
    finished=$(date +%s%N)
    echo "= the first 200 after $(((finished - begun) / 1000000)) ms, of which the service from its start to the open port $(start_up_ms) ms"
    within 60 everything_healthy
}
# Compose starts the service when the database is ready: from there to the line "serving".
start_up_ms() {
    local start serving
    start=$(docker inspect -f '{{.State.StartedAt}}' "$(docker compose ps -q api)")
    serving=$(docker compose logs --no-log-prefix api | grep -m 1 '"serving"' | grep -oE '"timestamp":"[^"]+' | cut -d'"' -f4)
    echo $((($(date -d "$serving" +%s%N) - $(date -d "$start" +%s%N)) / 1000000))
}
everything_healthy() {
    local container
    for container in $(docker compose ps -q); do
        docker inspect -f '{{.Name}} {{.State.Health.Status}}' "$container"
    done | tee "$work/health"
    ! grep -qv ' healthy$' "$work/health"
}

use() { create "Ma tâche" && get '/tasks/search?q=tache' | grep -q 'Ma tâche' && get /health | grep -q '"schema_state":"current"'; }

confined() {
    docker compose exec -T api sh -c '
        id -u && grep -E "^(CapPrm|CapEff|CapBnd|NoNewPrivs)" /proc/self/status &&
        if touch /etc/x /usr/local/bin/x 2>/dev/null; then echo "the root file system is writable"; exit 1; fi' >"$work/confined" || { cat "$work/confined"; return 1; }
    cat "$work/confined"
    [[ $(head -n 1 "$work/confined") == 10001 ]] && [[ $(grep -cE '^Cap.*:\s0000000000000000$' "$work/confined") == 3 ]] &&
        grep -qE '^NoNewPrivs:\s1$' "$work/confined" && echo "= uid 10001, no capability, read-only root"
}

encrypted() {
    local kinds
    kinds=$(sql "SELECT DISTINCT ssl, version FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE client_addr IS NOT NULL AND datname = 'taskmanager'")
    echo "= pg_stat_ssl says $kinds"
    [[ $kinds == 't|TLSv1.3' ]]
}
# refused WORDS URL: the program, as the service runs it, does not get in.
refused() {
    local output
    output=$(docker compose run --rm --no-deps -T -e DATABASE_URL_FILE= -e DATABASE_WAIT=0 -e DATABASE_URL="$2" backup migrate status 2>&1) && { echo "let in: $output"; return 1; }
    echo "$output"
    grep -qiE "$1" <<<"$output" && ! grep -q sEcReT <<<"$output"
}
wrong_password() { refused 'password' 'postgres://taskmanager:sEcReT@postgres/taskmanager?sslmode=verify-full&sslrootcert=/secrets/ca.crt'; }
wrong_authority() { refused 'certificate|UnknownIssuer' 'postgres://taskmanager:sEcReT@postgres/taskmanager?sslmode=verify-full&sslrootcert=/secrets/server.crt'; }
no_tls() { refused 'pg_hba|encryption' 'postgres://taskmanager:sEcReT@postgres/taskmanager?sslmode=disable'; }

targets_up() {
    local answer
    answer=$(curl -fsS "localhost:$PROMETHEUS_PORT/api/v1/targets?state=active") || return 1
    grep -oE '"(job|health)":"[^"]+"' <<<"$answer"
    grep -q '"job":"api"' <<<"$answer" && grep -q '"job":"backup"' <<<"$answer" && ! grep -qE '"health":"(down|unknown)"' <<<"$answer"
}
no_alert() {
    local rules alerts
    rules=$(curl -fsS "localhost:$PROMETHEUS_PORT/api/v1/rules" | grep -o '"type":"alerting"' | wc -l)
    alerts=$(curl -fsS "localhost:$PROMETHEUS_PORT/api/v1/alerts") || return 1
    echo "$alerts"
    echo "= of $rules"
    [[ $rules -gt 5 ]] && ! grep -q '"state":"firing"' <<<"$alerts"
}
watched() { within 60 targets_up && no_alert; }

restart() {
    local before
    before=$(count)
    docker compose restart && within 60 get /tasks && within 60 everything_healthy && [[ $(count) == "$before" ]]
}

three() {
    docker compose down --volumes --timeout 10 && docker compose up -d --scale api=3 postgres api proxy backup &&
        within 90 everything_healthy && [[ $(docker compose ps -q api | wc -l) == 3 ]] || return 1
    docker compose logs --no-log-prefix api | grep '"migration ran"' | grep -oE '"version":[0-9]+' | sort | uniq -c | tee "$work/ran"
    [[ $(sql 'SELECT count(*) FROM _sqlx_migrations') == $(wc -l <"$work/ran") ]] &&
        [[ -s $work/ran ]] && ! grep -qvE '^ *1 ' "$work/ran" && echo "= $(wc -l <"$work/ran") migrations, each once"
}

rolling() {
    load "$work/rolling"
    scripts/roll.sh
    local code=$?
    end_load
    [[ $code == 0 ]] && no_failure "$work/rolling"
}

killed() {
    local postgres before after written
    postgres=$(docker compose ps -q postgres)
    before=$(started)
    load "$work/killed"
    sleep 2
    docker kill -s KILL "$postgres" && sleep 2 && docker start "$postgres" >/dev/null
    within 60 create "after the crash"
    local code=$?
    sleep 2
    end_load
    [[ $code == 0 ]] || return 1
    after=$(started)
    [[ $before == "$after" ]] || { echo "the service was restarted: $before, $after"; return 1; }
    # What was acknowledged is there.
    written=$(sql "SELECT count(*) FROM tasks WHERE title LIKE 'load %'")
    echo "= $(answers "$work/killed"), and all that was acknowledged is there"
    ((written >= $(cat "$work/rolling".? "$work/killed".? | grep -c 201)))
}
# shellcheck disable=SC2046 # one word a container
started() { docker inspect -f '{{.Id}} {{.State.StartedAt}} {{.RestartCount}}' $(docker compose ps -q api) | sort; }

next_release() {
    local version=20991231000000 dialect
    for dialect in postgres sqlite; do
        printf -- '-- compat: additive\nALTER TABLE tasks ADD COLUMN reviewed_by text;\n' >"migrations/$dialect/${version}_add_reviewer_to_tasks.up.sql"
        printf 'ALTER TABLE tasks DROP COLUMN reviewed_by;\n' >"migrations/$dialect/${version}_add_reviewer_to_tasks.down.sql"
    done
    if [[ -n ${E2E_NEXT_IMAGE-} ]]; then
        docker tag "$E2E_NEXT_IMAGE" "$next"
    else
        TASKMANAGER_IMAGE=$next REVISION=next docker compose --progress plain build api
    fi
}
rolled_out() {
    local TASKMANAGER_IMAGE=$next
    export TASKMANAGER_IMAGE
    load "$work/next"
    scripts/roll.sh
    local code=$?
    end_load
    [[ $code == 0 ]] && no_failure "$work/next" && get /health | grep '"schema_version":20991231000000' || return 1
    [[ $(sql 'SELECT count(*) FROM _sqlx_migrations WHERE version = 20991231000000') == 1 ]]
}
backed_up_before() { docker compose exec -T backup taskmanager backup list --json | grep -q '"migration"' || docker compose exec -T backup ls -l /var/backups/taskmanager; }

restored() {
    local TASKMANAGER_IMAGE=$next before
    export TASKMANAGER_IMAGE
    create "worth keeping" && before=$(count) && docker compose run --rm -T --no-deps backup backup create || return 1
    sql 'DELETE FROM tasks' && [[ $(count) == 0 ]] || return 1
    docker compose run --rm -T --no-deps backup restore 1 --yes && within 30 get /health/ready || return 1
    echo "= $(count) of $before tasks are back"
    [[ $(count) == "$before" ]] && get '/tasks/search?q=keeping' | grep -q 'worth keeping' && create "and on it goes"
}

down() { docker compose down --volumes --timeout 10 && [[ -z $(docker volume ls -q --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME") ]]; }
demo() {
    (unset COMPOSE_PROJECT_NAME COMPOSE_FILE API_PORT POSTGRES_PORT PROMETHEUS_PORT GRAFANA_PORT COMPOSE_PROGRESS
        git checkout -q . && git clean -fdq migrations && docker compose -f docker-compose.dev.yml build api && ./demo_desync.sh)
}

step "a clean clone; every compose file is well-formed" clone_ || finish
cd "$clone" || exit 1
step "the image is built, and small" build || finish
if if_grafana; then services+=(grafana); else say "Grafana is left out: its image is not to be had here"; fi
step "docker compose up" up || finish
step "a task is created, found, and the schema is current" use
step "the service runs confined" confined
step "connections to PostgreSQL are encrypted" encrypted
step "PostgreSQL refuses a wrong password" wrong_password
step "the service refuses a server of another authority" wrong_authority
step "PostgreSQL refuses a connection without TLS" no_tls
step "Prometheus sees every target, and no alert fires" watched
step "everything is restarted, and all tasks are still there" restart
step "three replicas at once on an empty database" three || finish
step "each replica is replaced under load" rolling
step "PostgreSQL is killed under load; the service recovers by itself" killed
step "the next release, with a new migration, is built" next_release &&
    step "it is rolled out over the old one under load" rolled_out
step "a backup was made before the migration" backed_up_before
step "a backup is taken, everything is deleted, and the backup restored" restored
step "everything is removed" down
step "./demo_desync.sh" demo
finish
