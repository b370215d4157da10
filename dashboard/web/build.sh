#!/bin/sh
# Builds the page into dist/, which the crate weft-dashboard embeds.
# Packages are installed only when the lockfile changed, the page only when a source did. FORCE=1 builds anyway.
set -eu
cd "$(dirname "$0")"
cache="${WEFT_CACHE:-$HOME/.cache/weft}"
export npm_config_cache="${npm_config_cache:-$cache/npm}" npm_config_update_notifier=false

lock=$(cat package.json package-lock.json | sha256sum | cut -d' ' -f1)
if [ "$(cat node_modules/.weft-lock 2>/dev/null || true)" != "$lock" ]; then
    echo "page: installing npm packages (dashboard/web/package-lock.json)"
    npm ci --no-audit --no-fund --loglevel=error
    echo "$lock" >node_modules/.weft-lock
fi

sources=$(find index.html src scripts package.json package-lock.json vite.config.ts svelte.config.js -type f | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -d' ' -f1)
if [ "${FORCE:-}" = "" ] && [ -f dist/index.html ] && [ "$(cat node_modules/.weft-built 2>/dev/null || true)" = "$sources" ]; then
    echo "page: up to date"
    exit 0
fi
npm run --silent build
echo "$sources" >node_modules/.weft-built
