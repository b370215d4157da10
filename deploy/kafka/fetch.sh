#!/bin/sh
# Puts the jars of a real Kafka broker (pom.xml says which) into ${WEFT_CACHE:-~/.cache/weft}/kafka/lib.
# Does nothing when they are there already. Prints the directory of the jars as its last line.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${WEFT_CACHE:-$HOME/.cache/weft}/kafka
# The directory is named after the pom, so another pom means another set of jars, never a mixture.
lib=$cache/lib-$(sha256sum "$here/pom.xml" | cut -c1-12)

if [ ! -d "$lib" ]; then
    for tool in java mvn; do
        command -v "$tool" >/dev/null || {
            echo "fetch.sh: '$tool' is missing; install it: apt-get install default-jre-headless maven" >&2
            exit 2
        }
    done
    echo "fetch.sh: fetching the Kafka broker's jars (about 43 MB, once) into $lib" >&2
    mkdir -p "$cache"
    part=$(mktemp -d "$cache/part.XXXXXX")
    trap 'rm -rf "$part"' EXIT INT TERM
    mvn --quiet --batch-mode --file "$here/pom.xml" dependency:copy-dependencies \
        -DoutputDirectory="$part/lib" -DincludeScope=runtime >&2
    # One rename, so that a reader sees all jars or none; when another fetch was first, its jars serve.
    mv -T "$part/lib" "$lib" 2>/dev/null || [ -d "$lib" ]
    echo "fetch.sh: $(ls "$lib" | wc -l) jars are in place" >&2
fi

# A symlink with a steady name, moved in one step.
ln -sfn "$(basename "$lib")" "$cache/lib.new.$$" && mv -T "$cache/lib.new.$$" "$cache/lib"
echo "$cache/lib"
