#!/usr/bin/env bash
# Deploys a commit to a service on Render, waits until it is live and healthy, and else rolls back.
#
#   RENDER_API_KEY=… RENDER_SERVICE_ID=srv-… SERVICE_URL=https://… REVISION=<commit> scripts/deploy.sh
#
# Exit code 0: live, and /health says that the schema is current; 1: rolled back, or never replaced what ran.
# A release that fails to start or to migrate never gets traffic: Render keeps the old instance. The way back
# below is for one that starts and is not healthy. It is the program that goes back, not the schema: the older
# release serves a newer schema whose migrations are additive. DEPLOY_WITHIN is the patience in seconds.
# Needs bash, curl and jq.
set -euo pipefail
for name in RENDER_API_KEY RENDER_SERVICE_ID SERVICE_URL REVISION; do
    [[ -n ${!name-} ]] || {
        echo "deploy: $name is not set; the head of $0 says what is needed" >&2
        exit 2
    }
done
api=${RENDER_API:-https://api.render.com/v1}/services/$RENDER_SERVICE_ID
within=${DEPLOY_WITHIN:-1800}

say() { printf 'deploy: %s\n' "$*"; }
# The key goes through standard input: an argument is for everybody on the machine to see.
call() {
    curl -fsS -m 60 --retry 3 -K - -H 'Content-Type: application/json' -H 'Accept: application/json' "$@" \
        <<<"header = \"Authorization: Bearer $RENDER_API_KEY\""
}
healthy() {
    curl -fsS -m 20 "$SERVICE_URL/health" |
        jq -e '.status == "healthy" and (.schema_state | . == "current" or . == "ahead_compatible")' >/dev/null
}

before=$(call "$api/deploys?limit=20" | jq -r 'first(.[].deploy | select(.status == "live") | .id) // empty')
deploy=$(call -X POST --data "{\"commitId\": \"$REVISION\"}" "$api/deploys" | jq -r .id)
say "$deploy of $REVISION"

status='' deadline=$((SECONDS + within))
while ((SECONDS < deadline)); do
    now=$(call "$api/deploys/$deploy" | jq -r .status)
    [[ $now == "$status" ]] || say "$now"
    status=$now
    case $status in
        live) break ;;
        *failed | canceled | deactivated)
            say "it did not come up, and what ran before still runs; its log says why" >&2
            exit 1
            ;;
    esac
    sleep "${DEPLOY_POLL:-5}"
done

if [[ $status == live ]]; then
    for _ in {1..12}; do
        if healthy; then
            say "$SERVICE_URL is healthy"
            exit 0
        fi
        sleep "${DEPLOY_POLL:-5}"
    done
fi
if [[ -z $before ]]; then
    say "it is not healthy, and there is nothing to go back to" >&2
    exit 1
fi
say "it is not healthy: going back to $before" >&2
call -X POST --data "{\"deployId\": \"$before\"}" "$api/rollback" >/dev/null
exit 1
