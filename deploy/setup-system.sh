#!/bin/sh
# Install the system packages that pip cannot bring: setup-system.sh demo|test
#
# Each need is probed for by the file that is really used, so that nothing is
# installed over what a person already has from elsewhere. Without apt, or
# without the right to use it, the script names what is missing and succeeds:
# examhall runs with less, and says so where it matters.
set -eu

purpose=${1:?say what for: demo or test}
missing=

command_exists() { command -v "$1" >/dev/null 2>&1; }

library_exists() {
    # ldconfig is in /sbin, which is not on every user's PATH.
    PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null | grep -q "[[:space:]]$1 "
}

any_command_exists() {
    for name in "$@"; do
        command_exists "$name" && return 0
    done
    return 1
}

need() { missing="$missing $1"; }

# Debian ships the venv module without the wheel it installs.
python3 -c 'import ensurepip, venv' 2>/dev/null || need python3-venv

# What mediapipe and OpenCV load at run time.
library_exists libEGL.so.1 || need libegl1
library_exists libGLESv2.so.2 || need libgles2
library_exists libGL.so.1 || need libgl1
library_exists libglib-2.0.so.0 || need libglib2.0-0

# PostgreSQL and Redis are not here: the wheels of the dev extra bring servers
# that start with the tests and end with them, where apt would install services
# that run from then on.
if [ "$purpose" = test ]; then
    any_command_exists chromium chromium-browser google-chrome || need chromium
    command_exists strace || need strace
    command_exists ceph-authtool || need ceph-common
    command_exists ceph-mon || need ceph-mon
    command_exists ceph-osd || need ceph-osd
    command_exists radosgw || need radosgw
fi

[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    as_root="sudo -n"
fi
if ! command_exists apt-get || ! { [ -z "$as_root" ] || sudo -n true 2>/dev/null; }; then
    echo "Missing, and not mine to install here (no apt-get, or no right to use it):$missing" >&2
    exit 0
fi

echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq || echo "apt-get update failed; trying with the lists at hand" >&2
for package in $missing; do
    # One at a time: a name that this release does not have must not keep the
    # others out.
    $as_root apt-get install -y -qq --no-install-recommends "$package" >/dev/null ||
        echo "Could not install $package" >&2
done
