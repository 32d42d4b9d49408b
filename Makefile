# Every target is also what CI runs. `make` alone lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help

.PHONY: help run test test-specific bench chaos fuzz lint migrate migrate-check migrate-history migrate-drift upgrade-revision backup restore

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):[^#]*## /\1\t/' | expand -t 18

run: ## start the service (release build)
	cargo run --release

# What clients may take is promised of the release build.
test: ## all tests, on SQLite and on a throw-away PostgreSQL, and in a browser (TEST_POSTGRES_URL=… uses a server of yours)
	cargo build --release
	RELEASE_BINARY="$(CURDIR)/target/release/taskmanager" scripts/with-postgres.sh scripts/with-browser.sh cargo test --no-fail-fast

# FILE is a test binary (api) or a file of it (tests/api/lists.rs).
test-specific: ## the tests of one file: FILE=tests/api/lists.rs
	@test -n "$(FILE)" || { echo 'say which: make test-specific FILE=tests/api/lists.rs' >&2; exit 2; }
	@path="$(FILE)"; path="$${path#tests/}"; path="$${path%.rs}"; \
	binary="$${path%%/*}"; filter="$${path#"$$binary"}"; filter="$${filter#/}"; \
	[ "$$filter" = main ] && filter=; \
	[ "$$binary" = browser ] && browser=scripts/with-browser.sh; \
	set -x; scripts/with-postgres.sh $$browser cargo test --test "$$binary" $${filter:+"$${filter//\//::}::"}

bench: ## the figures of docs/BENCHMARKS.md, on a machine that does nothing else (about a quarter of an hour)
	scripts/bench.sh

# CHAOS_SEED=… chooses the faults of an earlier run again.
chaos: ## a thousand faults under load on each database, ten minutes at most (CHAOS_FAULTS=…, CHAOS_SECONDS=…)
	cargo build --release
	CHAOS_FAULTS="$${CHAOS_FAULTS:-1000}" CHAOS_SECONDS="$${CHAOS_SECONDS:-600}" TEST_BINARY="$(CURDIR)/target/release/taskmanager" \
	scripts/with-postgres.sh cargo test --test chaos -- --nocapture

fuzz: ## a minute of invented requests on each database, compared with the OpenAPI document (FUZZ_SECONDS=…)
	scripts/fuzz.sh

lint: ## formatting, clippy without warnings, the shipped migrations, the page's types, vendored JavaScript; dependencies and alert rules where their tools are installed
	cargo fmt --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo run --quiet -- migrate lint
	@if ! command -v npm >/dev/null; then \
	echo 'npm is not installed: the types of the page and the vendored JavaScript were not checked'; \
	elif ! { [ web/node_modules/.package-lock.json -nt web/package-lock.json ] || npm --prefix web ci --ignore-scripts --no-audit --no-fund; }; then \
	echo 'npm ci failed: the types of the page and the vendored JavaScript were not checked'; \
	else npm --prefix web run --silent check && scripts/vendor.sh --check && scripts/audit.sh; fi
	@if command -v cargo-deny >/dev/null; then cargo deny check; \
	else echo 'cargo-deny is not installed: advisories and licences were not checked'; fi
	@if command -v promtool >/dev/null; then promtool check config prometheus.yml; \
	else echo 'promtool is not installed: the rules of Prometheus were not checked (make test does)'; fi

.PHONY: migrate-verify image up down logs-api roll demo e2e scan postgres-tools registry-login push deploy

migrate-verify: ## every migration up, down and up again, with rows in the tables, on both databases
	scripts/with-postgres.sh sh -c 'cargo run --quiet -- --database-url "$$TEST_POSTGRES_URL" migrate verify'

# Production on this machine: docker-compose.prod.yml, as docs/DEPLOY.md says.
PRODUCTION = docker compose -f docker-compose.prod.yml
export REVISION ?= $(shell git rev-parse HEAD 2>/dev/null)
export TASKMANAGER_IMAGE ?= taskmanager

image: ## the production image, taskmanager unless TASKMANAGER_IMAGE names another
	docker build -t "$(TASKMANAGER_IMAGE)" --build-arg REVISION $(if $(CARGO_BUILD_JOBS),--build-arg CARGO_BUILD_JOBS) .

up: ## production on this machine, at http://localhost:8001 (Grafana: 3000)
	$(PRODUCTION) up --build --detach --wait

down: ## end production on this machine; the tasks, the backups and the secrets stay
	$(PRODUCTION) down

logs-api: ## what the service logs, as it comes
	$(PRODUCTION) logs --follow --tail 100 api

roll: ## replace the running replicas one by one by those of the present image
	scripts/roll.sh

demo: ## the incident and its end, in four acts
	./demo_desync.sh

e2e: ## production from a clean clone to a restored backup, on a Docker engine
	scripts/e2e.sh

# Tools of the pipeline, in containers: a scanner needs nothing on the machine but Docker.
TRIVY = docker run --rm -v /var/run/docker.sock:/var/run/docker.sock -v "$(CURDIR)":/source:ro aquasec/trivy:0.58.1

scan: image ## known vulnerabilities, that have a remedy, of the dependencies and the image
	$(TRIVY) fs --scanners vuln --ignore-unfixed --severity HIGH,CRITICAL --exit-code 1 /source/Cargo.lock
	$(TRIVY) image --ignore-unfixed --severity HIGH,CRITICAL --exit-code 1 "$(TASKMANAGER_IMAGE)"

postgres-tools: ## install the server and the client of one version of PostgreSQL: POSTGRES=17 (Debian, Ubuntu)
	sudo apt-get install -y -qq postgresql-common pgbouncer </dev/null
	sudo /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y >/dev/null </dev/null
	sudo apt-get purge -y -qq 'postgresql-[0-9]*' 'postgresql-client-[0-9]*' </dev/null
	sudo apt-get install -y -qq "postgresql-$(POSTGRES)" </dev/null

registry-login: ## docker login to the registry of TASKMANAGER_IMAGE, with REGISTRY_USER and REGISTRY_TOKEN
	@printf '%s' "$$REGISTRY_TOKEN" | docker login -u "$$REGISTRY_USER" --password-stdin "$(firstword $(subst /, ,$(TASKMANAGER_IMAGE)))"

push: ## build and push TASKMANAGER_IMAGE with its bill of materials; prints the digest (needs docker login)
	@mkdir -p target
	docker buildx inspect taskmanager >/dev/null 2>&1 || docker buildx create --name taskmanager
	docker buildx build --builder taskmanager --push --sbom=true --provenance=mode=max -t "$(TASKMANAGER_IMAGE)" \
		--build-arg REVISION --metadata-file target/image.json .
	@sed -n 's/.*"containerimage.digest": "\(.*\)".*/\1/p' target/image.json

deploy: ## deploy REVISION to Render, look at /health, and roll back if it does not come up (see scripts/deploy.sh)
	scripts/deploy.sh

# DATABASE_URL says which database; a SQLite file here unless set.
migrate: ## bring the database up to date: alembic upgrade head
	cargo run --quiet -- migrate up

migrate-check: ## is the database up to date? exit code 0 only then: alembic current
	cargo run --quiet -- migrate status

migrate-history: ## every version, and when it was applied: alembic history
	cargo run --quiet -- migrate history

# From what schema/ declares, on the server of REHEARSAL_DATABASE_URL, or a throw-away one. EMPTY=1 makes empty files.
upgrade-revision: ## alembic revision --autogenerate: NAME=add_labels_to_tasks (RENAME=tasks.title=name, YES=1, EMPTY=1)
	@test -n "$(NAME)" || { echo 'say what it does: make upgrade-revision NAME=add_labels_to_tasks' >&2; exit 2; }
ifdef EMPTY
	cargo run --quiet -- migrate new "$(NAME)"
else
	@TEST_POSTGRES_URL="$${REHEARSAL_DATABASE_URL:-$$TEST_POSTGRES_URL}" scripts/with-postgres.sh sh -c \
	'REHEARSAL_DATABASE_URL="$$TEST_POSTGRES_URL" exec cargo run --quiet -- migrate diff -m "$$@" </dev/null' sh \
	"$(NAME)" $(foreach rename,$(RENAME),--rename '$(rename)') $(if $(YES),--yes)
endif

migrate-drift: ## what in the database is not as its migrations make it, and what fixes it
	cargo run --quiet -- migrate drift

# BACKUP_DIR says where to; `backups` beside the SQLite file, or here, unless set.
backup: ## a proven copy of the database, with its manifest
	cargo run --quiet -- backup create

# NAME is a name of `taskmanager backup list` or the beginning of one, INDEX its number there, FILE a backup; the
# newest valid one unless set. UNDO=1 restores what the last restore replaced. YES=1 does not ask.
restore: ## put a backup in the database's place: NAME=taskmanager-20261121T110203Z-…, INDEX=1, FILE=backups/….dump or UNDO=1
	cargo run --quiet -- restore $(if $(UNDO),--undo,$(if $(NAME),"$(NAME)",$(if $(FILE),"$(FILE)",$(INDEX)))) $(if $(YES),--yes)
