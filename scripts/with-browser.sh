#!/usr/bin/env bash
# Runs a command that may drive a browser, which is installed where it is missing.
#
#   scripts/with-browser.sh cargo test --test browser
#
# The command gets
#   TEST_CHROMIUM      the browser: Debian's chromium, else Google's Chrome
#   TEST_CHROMEDRIVER  the ChromeDriver of the same version
# Both given from outside are used instead.
set -euo pipefail

say() { printf 'with-browser: %s\n' "$*" >&2; }
die() {
    say "$*"
    exit 1
}

# $1 is a program; prints the first number of its version, which is the one that both have to share.
major() { "$1" --version 2>/dev/null | sed -nE 's/^[A-Za-z ]*([0-9]+)\..*/\1/p' | head -n 1; }

# Sets browser and driver, if there are two that fit each other. CHROMEWEBDRIVER is where GitHub's runners have theirs.
find_both() {
    for browser in chromium google-chrome; do
        browser=$(command -v "$browser") || continue
        for driver in "${CHROMEWEBDRIVER:+$CHROMEWEBDRIVER/chromedriver}" chromedriver; do
            driver=$(command -v "${driver:-false}") || continue
            if [[ $(major "$browser") == "$(major "$driver")" ]]; then
                return 0
            fi
        done
    done
    return 1
}

[[ $# -gt 0 ]] || die "usage: scripts/with-browser.sh COMMAND [ARGUMENT…]"

if [[ -z ${TEST_CHROMIUM:-} || -z ${TEST_CHROMEDRIVER:-} ]]; then
    if ! find_both; then
        for package in chromium chromium-driver; do
            "$(dirname "${BASH_SOURCE[0]}")/install-package.sh" "$package"
        done
        find_both || die "there is no ChromeDriver of the browser's version: install chromium and chromium-driver"
    fi
    export TEST_CHROMIUM=$browser TEST_CHROMEDRIVER=$driver
fi
exec "$@"
