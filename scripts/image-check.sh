#!/usr/bin/env bash
# Runs the Dockerfile's own steps in an empty folder, and boots each role there with --check against the sandbox:
# what the image holds is enough, and nothing of it reaches back into the checkout.
set -euo pipefail
checkout=$(cd "$(dirname "$0")/.." && pwd)
image=$(mktemp -d)
trap 'rm -rf "$image"' EXIT

cd "$image"
cp "$checkout"/{package.json,package-lock.json,.npmrc} .
npm install --no-save --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund --loglevel=error
cp -r "$checkout"/src "$checkout"/jobs .
printf 'image: %s of packages\n' "$(du -sh node_modules | cut -f1)"

cd "$checkout"
EKSIAM_CLI="$image/src/main/cli.ts" node_modules/.bin/node sandbox/check-roles.ts
