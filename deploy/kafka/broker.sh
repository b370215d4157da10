#!/bin/bash
# A real Kafka broker on this machine, for tests, the lab and trying things out.
#
#   broker.sh run   DIR PORT [CONTROLLER_PORT]   in the foreground: this process becomes the broker
#   broker.sh start DIR PORT [CONTROLLER_PORT]   in the background; returns when it answers
#   broker.sh stop  DIR                          ends it (SIGTERM, after 10 s SIGKILL)
#
# Everything of it lies under DIR: data, server.properties, broker.pid, broker.log. CONTROLLER_PORT is PORT + 1 by default.
# KAFKA_PROPERTIES names a file of settings that win over server.properties, with the same @…@.
# The jars come from fetch.sh. Exit codes: 0 well, 2 failed, 64 usage.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
lib=${WEFT_CACHE:-$HOME/.cache/weft}/kafka/lib
# Fewer compiler and collector threads: starts sooner, and leaves the cores to what is measured.
java_opts=${KAFKA_JAVA_OPTS:--Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto}

fail() { echo "broker.sh: $*" >&2; exit 2; }

usage() { sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 64; }

prepare() { # DIR PORT CONTROLLER_PORT
    ls "$lib"/kafka_*.jar >/dev/null 2>&1 || fail "no jars in $lib; run $here/fetch.sh"
    command -v java >/dev/null || fail "no java; install it: apt-get install default-jre-headless"
    mkdir -p "$1"
    # Of a setting that stands twice the later one counts.
    cat "$here/server.properties" ${KAFKA_PROPERTIES:+"$KAFKA_PROPERTIES"} |
        sed -e "s|@DIR@|$1|g" -e "s|@PORT@|$2|g" -e "s|@CONTROLLER_PORT@|$3|g" >"$1/server.properties"
    [ -f "$1/data/meta.properties" ] && return
    # A cluster id is 16 bytes in URL-safe base64.
    id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=')
    # shellcheck disable=SC2086
    java $java_opts -cp "$lib/*" kafka.tools.StorageTool format -t "$id" -c "$1/server.properties" >"$1/format.log" 2>&1 ||
        fail "cannot format $1/data: $(tail -n 3 "$1/format.log")"
}

# Whether a broker answers: an ApiVersions request (size 10, key 18, version 0, correlation 1, no client id).
answers() { # PORT
    timeout 2 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" &&
        printf "\0\0\0\012\0\022\0\0\0\0\0\001\377\377" >&3 && [ "$(head -c 8 <&3 | wc -c)" = 8 ]' "$1" 2>/dev/null
}

run() {
    prepare "$1" "$2" "$3"
    # shellcheck disable=SC2086
    exec java $java_opts -cp "$lib/*" kafka.Kafka "$1/server.properties"
}

start() {
    mkdir -p "$1"
    setsid "$0" run "$1" "$2" "$3" >"$1/broker.log" 2>&1 </dev/null &
    echo $! >"$1/broker.pid"
    for _ in $(seq 300); do
        answers "$2" && { echo "127.0.0.1:$2"; return; }
        kill -0 "$(cat "$1/broker.pid")" 2>/dev/null || fail "the broker ended: $(tail -n 5 "$1/broker.log")"
        sleep 0.1
    done
    stop "$1"
    fail "the broker does not answer on port $2 after 30 s; see $1/broker.log"
}

stop() {
    [ -f "$1/broker.pid" ] || return 0
    pid=$(cat "$1/broker.pid")
    kill "$pid" 2>/dev/null || true
    for _ in $(seq 100); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    kill -9 "$pid" 2>/dev/null || true
    rm -f "$1/broker.pid"
}

[ $# -ge 2 ] || usage
command=$1 dir=$(realpath -m "$2") port=${3:-} controller_port=${4:-$((${3:-0} + 1))}
case $command in
    run | start) [ -n "$port" ] || usage; "$command" "$dir" "$port" "$controller_port" ;;
    stop) stop "$dir" ;;
    *) usage ;;
esac
