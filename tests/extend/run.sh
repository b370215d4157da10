#!/bin/sh
# What a further counter, detector, table, notifier and page cost. Each patch here is one that a newcomer would write.
#   tests/extend/run.sh [NAME…]     applies each to a copy of HEAD, builds it, runs its test, and counts what it touches
#   tests/extend/run.sh --check     says only whether each still fits the working tree, and counts
# A patch fails that needs more new files or more rows in old ones than its line in `patches` allows.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=${WEFT_CACHE:-$HOME/.cache/weft}
copy=$cache/extend
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$cache/target}"

# name, new files, rows, and the test that the patch brings.
patches() {
    cat <<'TABLE'
counter  0 1 rust features::health
kind     2 2 rust hot_module kinds::tests detect::armed
table    1 1 rust sql::tables sql::tests
notifier 1 1 rust notify::slack
page     1 1 web
TABLE
}

rust() { cargo test --locked --workspace --lib --quiet -- "$@"; }

# Packages come from the page of the working tree, so that none is installed twice.
web() {
    ln -sfn "$root/dashboard/web/node_modules" dashboard/web/node_modules
    (cd dashboard/web && npm run --silent check && npm run --silent test && npm run --silent build)
}

# The copy is made once and brought to HEAD each time; what cargo built for it before is used again.
renew() {
    [ -d "$copy/.git" ] || git clone --quiet --shared "$root" "$copy"
    git -C "$copy" fetch --quiet "$root" HEAD
    git -C "$copy" checkout --quiet --force --detach FETCH_HEAD
    git -C "$copy" clean --quiet --force -d
    rm -rf "$copy/dashboard/web/dist"
    cp -R "$root/dashboard/web/dist" "$copy/dashboard/web/dist"
}

# In the root of a tree: the patch fits, and needs no more than it may.
check() {
    name=$1 new=$2 rows=$3
    git apply --check "$here/$name.patch" || return 1
    counted=$(awk -f "$here/count.awk" "$here/$name.patch")
    case $counted in
        "new=$new rows=$rows removed=0 tests=0") echo "$name: it brings no test" >&2 && return 1 ;;
        "new=$new rows=$rows removed=0 "*) echo "$name: $counted" ;;
        *) echo "$name: $counted, allowed are new=$new rows=$rows removed=0" >&2 && return 1 ;;
    esac
}

full() {
    (
        cd "$copy"
        check "$1" "$2" "$3" && git apply "$here/$1.patch" && cargo fmt --all --check || exit 1
        shift 3
        "$@"
    )
    status=$?
    git -C "$copy" checkout --quiet . && git -C "$copy" clean --quiet --force -d
    return $status
}

if [ "${1:-}" = --check ]; then
    cd "$root"
    patches | while read -r name new rows _; do check "$name" "$new" "$rows" || exit 1; done
    exit
fi

renew
wanted=${*:-$(patches | cut -d' ' -f1)}
for name in $wanted; do
    line=$(patches | grep "^$name ") || { echo "$name: no such patch; there are $(patches | cut -d' ' -f1 | xargs)" >&2 && exit 2; }
    began=$(date +%s)
    # shellcheck disable=SC2086 # the words of a line are the arguments
    full $line || { echo "$name: FAILED" >&2 && exit 1; }
    echo "$name: built and tested in $(($(date +%s) - began)) s"
done
