#!/usr/bin/env bash
# Runs all tests on this machine. First it installs the programs that the tests compare with, where the system's package
# manager may do that; otherwise it prints what to install. At the end it lists every test that was skipped, and why:
# a skipped test is not a passed one. Arguments are passed to Maven: ./test.sh -Prelease
set -euo pipefail
cd "$(dirname "$0")"

# program:package:purpose
programs="
mvn:maven:builds everything (or use ./mvnw)
javac:openjdk-17-jdk-headless:builds everything
lz4:lz4:restores an archive by hand
strace:strace:traces the system calls of the log
gpg:gnupg:reads and writes the attachments of a backup
tar:tar:reads the attachments of a backup
/usr/lib/postgresql/*/bin/initdb:postgresql:the database of backups, recoveries and drills
systemd-analyze:systemd:checks the units that schedule prints
"
# Tests use these if they are installed. They are not installed here: one brings a service, the other half a desktop.
optional="promtool (package prometheus), chromium"

is_installed() { # PROGRAM
  case "$1" in
    /*) compgen -G "$1" >/dev/null ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

missing_packages() {
  while IFS=: read -r program package purpose; do
    if [ -n "$program" ] && ! is_installed "$program"; then
      echo "$package"
    fi
  done <<<"$programs"
}

install_packages() { # PACKAGE...
  local root=""
  if [ "$(id -u)" != 0 ]; then
    root="sudo -n"
    $root true 2>/dev/null || return 1
  fi
  command -v apt-get >/dev/null || return 1
  # No cluster of its own: the tests make theirs. No service either.
  if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    $root mkdir -p /etc/postgresql-common
    echo "create_main_cluster = false" | $root tee /etc/postgresql-common/createcluster.conf >/dev/null
  fi
  $root apt-get update -qq || return 1
  # One at a time: a package that this system does not have must not keep the others away.
  for package in "$@"; do
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null || true
  done
}

packages="$(missing_packages)"
if [ -n "$packages" ]; then
  echo "== installing: $(echo $packages)"
  # shellcheck disable=SC2086
  install_packages $packages || echo "not possible here; install them yourself: apt-get install $(echo $packages)"
  still="$(missing_packages)"
  [ -z "$still" ] || echo "not installed, so the tests that need them are skipped: $(echo $still)"
fi

maven=mvn
command -v mvn >/dev/null || maven=./mvnw
status=0
"$maven" -B clean verify "$@" || status=$?

echo "== skipped tests (used if they are installed: $optional)"
reports="$(find . -path '*/target/surefire-reports/TEST-*.xml')"
# shellcheck disable=SC2086
tests="$(grep -h -c '<testcase ' $reports | awk '{ sum += $1 } END { print sum }')"
# shellcheck disable=SC2086
skipped="$(grep -h -A1 '<testcase ' $reports | grep -B1 '<skipped' | grep '<testcase \|<skipped' || true)"
if [ -z "$skipped" ]; then
  echo "none of $tests"
else
  echo "$skipped" | sed -n 's/.*<testcase name="\([^"]*\)" classname="\([^"]*\)".*/\2.\1/p; s/.*<skipped message="\([^"]*\)".*/    \1/p'
  echo "$(echo "$skipped" | grep -c '<testcase ') of $tests"
fi
exit "$status"
