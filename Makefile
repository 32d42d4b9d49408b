# Every target is also what CI runs. `make` alone lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help

.PHONY: help run test test-specific bench fuzz lint migrate migrate-check migrate-history upgrade-revision backup restore

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 18

run: ## start the service (release build)
	cargo run --release

test: ## all tests, on SQLite and on a throw-away PostgreSQL (TEST_POSTGRES_URL=… uses a server of yours)
	scripts/with-postgres.sh cargo test

# FILE is a test binary (api) or a file of it (tests/api/lists.rs).
test-specific: ## the tests of one file: FILE=tests/api/lists.rs
	@test -n "$(FILE)" || { echo 'say which: make test-specific FILE=tests/api/lists.rs' >&2; exit 2; }
	@path="$(FILE)"; path="$${path#tests/}"; path="$${path%.rs}"; \
	binary="$${path%%/*}"; filter="$${path#"$$binary"}"; filter="$${filter#/}"; \
	[ "$$filter" = main ] && filter=; \
	set -x; scripts/with-postgres.sh cargo test --test "$$binary" $${filter:+"$${filter//\//::}::"}

bench: ## the figures of docs/BENCHMARKS.md, on a machine that does nothing else (about ten minutes)
	scripts/bench.sh

fuzz: ## a minute of invented requests on each database, held against the OpenAPI document (FUZZ_SECONDS=…)
	scripts/fuzz.sh

lint: ## formatting, clippy without warnings, the shipped migrations; dependencies and alert rules where their tools are installed
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	cargo run --quiet -- migrate lint
	@if command -v cargo-deny >/dev/null; then cargo deny check; \
	else echo 'cargo-deny is not installed: advisories and licences were not checked'; fi
	@if command -v promtool >/dev/null; then promtool check config prometheus.yml; \
	else echo 'promtool is not installed: the rules of Prometheus were not checked (make test does)'; fi

# DATABASE_URL says which database; a SQLite file here unless set.
migrate: ## bring the database up to date: alembic upgrade head
	cargo run --quiet -- migrate up

migrate-check: ## is the database up to date? exit code 0 only then: alembic current, check
	cargo run --quiet -- migrate status

migrate-history: ## every version, and when it was applied: alembic history
	cargo run --quiet -- migrate history

upgrade-revision: ## the four files of a new migration: NAME=add_labels_to_tasks
	@test -n "$(NAME)" || { echo 'say what it does: make upgrade-revision NAME=add_labels_to_tasks' >&2; exit 2; }
	cargo run --quiet -- migrate new "$(NAME)"

# BACKUP_DIR says where to; `backups` beside the SQLite file, or here, unless set.
backup: ## a proven copy of the database, with its manifest
	cargo run --quiet -- backup create

# INDEX is a number of `taskmanager backup list`, FILE a backup; the newest valid one unless set. YES=1 does not ask.
restore: ## put a backup in the database's place: INDEX=1 or FILE=backups/….dump
	cargo run --quiet -- restore $(if $(FILE),"$(FILE)",$(INDEX)) $(if $(YES),--yes)
