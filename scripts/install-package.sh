#!/usr/bin/env bash
# Installs a Debian package that a test needs, where it is missing and this user may: as root, or by sudo without
# a password. Starts no service of it.
#
#   scripts/install-package.sh postgresql
set -euo pipefail

say() { printf 'install-package: %s\n' "$*" >&2; }
die() {
    say "$*"
    exit 1
}

[[ $# -eq 1 ]] || die "usage: scripts/install-package.sh PACKAGE"

as_root=()
command -v apt-get >/dev/null ||
    die "$1 is not installed, and there is no apt-get to install it with"
if [[ $EUID -ne 0 ]]; then
    sudo -n true 2>/dev/null ||
        die "$1 is not installed; install it with: sudo apt-get install $1"
    as_root=(sudo -n)
fi
say "$1 is not installed: installing it with apt-get"
# policy-rc.d keeps the package from starting a service of its own.
# shellcheck disable=SC2016 # expanded by the inner shell, on purpose
"${as_root[@]}" bash -euc '
    policy=/usr/sbin/policy-rc.d
    if [[ ! -e $policy ]]; then
        trap "rm -f $policy" EXIT
        printf "#!/bin/sh\nexit 101\n" >"$policy"
        chmod +x "$policy"
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "$1"
' install "$1" >&2 </dev/null || die "apt-get could not install $1"
