#!/usr/bin/env bash
# Replaces the replicas of the service, one after another, without a request going unanswered:
#
#   docker compose -f docker-compose.prod.yml build api     (or TASKMANAGER_IMAGE=… for an image from elsewhere)
#   scripts/roll.sh
#
# For each replica a new one is started beside the old ones; it migrates, if there is something to, before it
# answers; when it is healthy an old one is told to stop. A new one that does not get healthy is taken away
# again, the old ones that are left go on serving, and the exit code is 1.
# COMPOSE_FILE and COMPOSE_PROJECT_NAME are read by Compose itself; ROLL_WITHIN is the patience in seconds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export COMPOSE_FILE=${COMPOSE_FILE:-docker-compose.prod.yml}
within=${ROLL_WITHIN:-600}

say() { printf 'roll: %s\n' "$*"; }
replicas() { docker compose ps -q api; }
health() { docker inspect --format '{{.State.Health.Status}}/{{.State.Status}}' "$1"; }

mapfile -t old < <(replicas)
[[ ${#old[@]} -gt 0 ]] || {
    say "no replica is running: docker compose -f $COMPOSE_FILE up -d" >&2
    exit 1
}

for container in "${old[@]}"; do
    before=$(replicas)
    docker compose --progress quiet up -d --no-deps --no-recreate --no-build \
        --scale api=$((${#old[@]} + 1)) api
    fresh=$(comm -13 <(sort <<<"$before") <(replicas | sort))
    name=$(docker inspect --format '{{.Name}}' "$fresh")
    deadline=$((SECONDS + within))
    until [[ $(health "$fresh") == healthy/running ]]; do
        if ((SECONDS > deadline)) || [[ $(docker inspect --format '{{.RestartCount}}' "$fresh") -ge 3 ]]; then
            say "${name#/} does not get healthy; its last words:" >&2
            docker logs --tail 5 "$fresh" >&2
            docker rm -f "$fresh" >/dev/null
            say "taken away again; ${#old[@]} replicas serve" >&2
            exit 1
        fi
        sleep 0.5
    done
    gone=$(docker inspect --format '{{.Name}}' "$container")
    # Within its stop_grace_period; a plain stop would use the engine's 10 s.
    docker stop --time 40 "$container" >/dev/null
    docker rm "$container" >/dev/null
    say "${name#/} serves in place of ${gone#/}"
done
