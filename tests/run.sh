#!/bin/sh
# Everything that must hold, in order of cost. Each step says what it is and how many seconds it took; the first that
# fails ends the run. STEPS="fmt clippy" runs only those.
set -eu
cd "$(dirname "$0")/.."
cache=${WEFT_CACHE:-$HOME/.cache/weft}
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$cache/target}" CARGO_INCREMENTAL="${CARGO_INCREMENTAL:-0}"
bin=$CARGO_TARGET_DIR/debug
# A warning fails clippy by its flag: RUSTFLAGS would build every dependency anew.
unset RUSTFLAGS

fmt() { cargo fmt --all --check; }
web() { dashboard/web/build.sh && (cd dashboard/web && npm run --silent check && npm run --silent test); }
deny() { "$cache/bin/cargo-deny" --log-level error check bans licenses sources; }
clippy() { cargo clippy --locked --workspace --all-targets --quiet -- -D warnings; }
build() { cargo build --locked --workspace --bins --quiet; }
rust() { cargo test --locked --workspace --no-fail-fast; }
score() { tests/score/run.py --quick --weft "$bin/weft" --sim "$bin/weft-sim"; }
browser() { tests/browser/run.sh "$bin/weft" demo --gpus 256 --listen 127.0.0.1:0; }
lab() { "$bin/weft-lab" run --quick; }

total=$(date +%s)
table=
for step in ${STEPS:-fmt web deny clippy build rust score browser lab}; do
    echo "== $step"
    began=$(date +%s)
    if ! "$step"; then
        echo "== $step FAILED after $(($(date +%s) - began)) s" >&2
        exit 1
    fi
    took="$step $(($(date +%s) - began)) s"
    echo "== $took"
    table="$table, $took"
done
echo "== all well in $(($(date +%s) - total)) s: ${table#, }"
