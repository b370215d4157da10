#!/bin/sh
# tests/browser/run.sh COMMAND ARG…: installs what the browser tests need (once a lockfile) and runs them.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache="${WEFT_CACHE:-$HOME/.cache/weft}"
export npm_config_cache="${npm_config_cache:-$cache/npm}" npm_config_update_notifier=false

lock=$(cat "$here/package.json" "$here/package-lock.json" | sha256sum | cut -d' ' -f1)
if [ "$(cat "$here/node_modules/.weft-lock" 2>/dev/null || true)" != "$lock" ]; then
    (cd "$here" && npm ci --no-audit --no-fund --loglevel=error)
    echo "$lock" >"$here/node_modules/.weft-lock"
fi
exec node "$here/run.mjs" "$@"
