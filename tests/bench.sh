#!/bin/sh
# Measures on the release build and writes docs/benchmarks.md: one row a figure, its goal beside it. Exit 1 when a goal
# is missed. BENCHES="read_encode" measures only that one, and writes nothing.
set -eu
cd "$(dirname "$0")/.."
cache=${WEFT_CACHE:-$HOME/.cache/weft}
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$cache/target}"
page=docs/benchmarks.md
figures=$(mktemp)
trap 'rm -f "$figures"' EXIT

missed=0
for bench in ${BENCHES:-read_encode ingest_wide small_frames state snapshot}; do
    echo "== $bench" >&2
    cargo bench --locked --workspace --bench "$bench" >>"$figures" || missed=1
done
cat "$figures"
[ -z "${BENCHES:-}" ] || exit "$missed"

python3 tests/bench_page.py "$figures" >"$page.new"
mv "$page.new" "$page"
echo "== written: $page" >&2
exit "$missed"
