#!/bin/sh
# Do two weft binaries say the same?  tests/same.sh OLD NEW [TRACE…]
#
# Replays each trace (a folder, or a .tar.zst of one) with both binaries and compares incidents.ndjson, facts.ndjson and
# transitions.ndjson byte by byte: one line a trace, exit 1 when any differs. Without TRACE it takes every trace of
# ../shared/traces and three simulated ones: the demo's script of faults on 64 GPUs, seeds 1 to 3, with step marks, made
# by the weft-sim that lies beside NEW.
set -eu
[ $# -ge 2 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 64; }
old=$(realpath "$1") new=$(realpath "$2")
shift 2
house=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The traces that are compared when none is named, one path a line.
usual() {
    find "$house/../shared/traces" -name '*.tar.zst' 2>/dev/null | sort >"$work/shared"
    [ -s "$work/shared" ] || echo "SKIPPED  $house/../shared/traces: not here" >&2
    cat "$work/shared"
    [ -x "$(dirname "$new")/weft-sim" ] || { echo "SKIPPED  simulated traces: no weft-sim beside $new" >&2; return; }
    for seed in 1 2 3; do
        "$(dirname "$new")/weft-sim" trace --out "$work/simulated/seed-$seed" --seed $seed --gpus 64 --duration 160s --marks \
            --script "$house/deploy/weft/src/demo/faults.csv" >&2
        echo "$work/simulated/seed-$seed"
    done
}

# The folder of a trace: an archive is unpacked, and whatever folder holds its trace.toml is the trace.
folder() {
    case $1 in
    *.tar.zst)
        rm -rf "$work/unpacked" && mkdir "$work/unpacked" && tar --zstd -xf "$1" -C "$work/unpacked"
        dirname "$(find "$work/unpacked" -name trace.toml | head -n 1)"
        ;;
    *) echo "$1" ;;
    esac
}

# BINARY TRACE OUT
replay() {
    rm -rf "$3"
    "$1" replay "$2" --out "$3" >"$work/report"
}

# One line on one trace; fails when the two differ, or when either cannot replay it.
compare() {
    trace=$(folder "$1")
    said="$(basename "$(dirname "$1")")/$(basename "$1")"
    replay "$old" "$trace" "$work/old" && replay "$new" "$trace" "$work/new" || { echo "FAILED   $said"; return 1; }
    for file in incidents facts transitions; do
        cmp -s "$work/old/$file.ndjson" "$work/new/$file.ndjson" || { echo "DIFFERS  $said: $file.ndjson"; return 1; }
    done
    echo "same     $said: $(wc -l <"$work/new/incidents.ndjson") incidents, $(wc -l <"$work/new/facts.ndjson") facts," \
        "$(wc -l <"$work/new/transitions.ndjson") transitions"
}

if [ $# -gt 0 ]; then printf '%s\n' "$@" >"$work/traces"; else usual >"$work/traces"; fi
compared=0 different=0
while read -r trace; do
    compared=$((compared + 1))
    compare "$trace" </dev/null || different=$((different + 1))
done <"$work/traces"
echo "$compared traces compared, $different differ"
[ "$different" -eq 0 ] && [ "$compared" -gt 0 ]
