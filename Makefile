# Every target is also what CI runs. `make` alone lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help

.PHONY: help run test test-specific fuzz lint

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

fuzz: ## a minute of invented requests on each database, held against the OpenAPI document (FUZZ_SECONDS=…)
	scripts/fuzz.sh

lint: ## formatting, clippy without warnings, and dependency rules where cargo-deny is installed
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	@if command -v cargo-deny >/dev/null; then cargo deny check; \
	else echo 'cargo-deny is not installed: advisories and licences were not checked'; fi
