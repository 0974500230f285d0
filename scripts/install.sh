#!/usr/bin/env bash
# Installs what this checkout needs and the machine lacks: scripts/install.sh [node] [redis] [chromium]
# Says what it does; does nothing where everything is there.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'install: %s\n' "$*" >&2; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else say "no right to install system packages: run as root, or install them by hand"; exit 1
  fi
}

# system_package APT_NAME BREW_NAME
system_package() {
  if command -v apt-get >/dev/null; then
    say "installing $1 with apt-get"
    as_root apt-get update -qq >/dev/null
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1" >/dev/null
  elif command -v brew >/dev/null; then
    say "installing $2 with Homebrew"
    brew install --quiet "$2"
  else
    say "please install $1 by hand: neither apt-get nor brew is here"
    exit 1
  fi
}

node_packages() {
  command -v npm >/dev/null || system_package npm node
  local stamp=node_modules/.installed
  if [ ! -f "$stamp" ] || ! cmp -s package-lock.json "$stamp"; then
    say "installing the Node packages and the pinned Node (npm install)"
    # Not `npm ci`: the lock file may have been made where other platforms' optional packages could not be seen.
    npm install --no-save --no-audit --no-fund --loglevel=error >&2
    cp package-lock.json "$stamp"
  fi
  # The package `node` brings the pinned Node; npm versions that hold install scripts back leave it out.
  if ! node_modules/.bin/node --version 2>/dev/null | grep -q '^v24\.'; then
    say "fetching the pinned Node"
    (cd node_modules/node && node installArchSpecificPackage.js >&2)
  fi
}

for need in "$@"; do
  case "$need" in
    node) node_packages ;;
    redis) [ -n "${REDIS_URL:-}" ] || command -v redis-server >/dev/null || system_package redis-server redis ;;
    chromium) command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || system_package chromium chromium ;;
    *) say "unknown need: $need"; exit 2 ;;
  esac
done
