#!/bin/sh
# deploy/setup.sh demo|web|lab|test|bench|all: installs what that make target needs and this machine lacks, and says so.
# Debian and its kin by apt-get (through sudo when not root); elsewhere it names what is missing and stops.
# Safe to run again: with nothing missing it changes nothing, asks no network and takes some ms.
set -eu

cache=${WEFT_CACHE:-$HOME/.cache/weft}
here=$(cd "$(dirname "$0")" && pwd)
target=${1:-}

# command:package, one a line. A file stands for a package without a command.
build='cc:build-essential
make:build-essential
pkg-config:pkg-config
perl:perl
/usr/include/openssl/ssl.h:libssl-dev
/usr/include/zlib.h:zlib1g-dev'
page='node:nodejs
npm:npm'
lab='ip:iproute2
nft:nftables
tc:iproute2
unshare:util-linux
java:default-jre-headless
mvn:maven
python3:python3
zstd:zstd'
test='chromium:chromium
lldpd:lldpd
git:git'
bench='prometheus-node-exporter:prometheus-node-exporter'

case $target in
    demo) needs="$build $page" ;;
    web) needs="$page" ;;
    lab) needs="$build $page $lab" ;;
    test) needs="$build $page $lab $test" ;;
    bench) needs="$build $page $lab $bench" ;;
    all) needs="$build $page $lab $test $bench" ;;
    *)
        echo "usage: deploy/setup.sh demo|web|lab|test|bench|all" >&2
        exit 64
        ;;
esac

say() { echo "setup: $*" >&2; }

present() {
    case $1 in
        # Headers lie in the machine's own folder or in that of its architecture.
        /usr/include/*) [ -e "$1" ] || ls /usr/include/*/"${1#/usr/include/}" >/dev/null 2>&1 ;;
        # Administrators' commands are not on everyone's PATH.
        *) command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ] || [ -x "/sbin/$1" ] ;;
    esac
}

missing=
for need in $needs; do
    package=${need##*:}
    case " $missing " in *" $package "*) continue ;; esac
    present "${need%%:*}" || missing="$missing $package"
done

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

if [ -n "$missing" ]; then
    if ! command -v apt-get >/dev/null; then
        say "missing:$missing (Debian's names); this is no Debian, please install them yourself"
        exit 2
    fi
    say "installing Debian packages:$missing"
    as_root apt-get -qq update
    # A service that a package brings is not to start: its files are wanted, not its daemon.
    as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -qq install -y --no-install-recommends $missing >&2
fi

if [ "$target" != web ] && ! command -v cargo >/dev/null; then
    # Debian 13 and later carry rustup; rust-toolchain.toml names the compiler that it fetches.
    if ! apt-cache show rustup >/dev/null 2>&1; then
        say "Rust is missing: install rustup (https://rustup.rs), then try again"
        exit 2
    fi
    say "installing Debian package: rustup"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends rustup >&2
fi

node_is_new_enough() {
    node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'
}
# Debian 12 has Node.js 18: a newer one comes from npm, into the cache (the Makefile puts it on the PATH).
node_version=22.23.3
if ! node_is_new_enough; then
    say "Node.js $(node --version) is too old for the page's build: installing $node_version from npm into $cache/node"
    npm install --prefix "$cache/node" --no-audit --no-fund --loglevel=error "node@$node_version" >&2
    PATH=$cache/node/node_modules/.bin:$PATH
    if ! node_is_new_enough; then
        say "Node.js $node_version did not install; please install 20.19 or newer yourself"
        exit 2
    fi
fi

case $target in
    # The lab's broker runs inside its own network, so it is always the lab's own.
    lab | test | all) "$here/kafka/fetch.sh" >/dev/null ;;
    bench) [ -n "${KAFKA_BOOTSTRAP:-}" ] || "$here/kafka/fetch.sh" >/dev/null ;;
esac

# cargo-deny is built once, by itself (dev profile: it only reads).
deny_version=0.20.2
case $target in
    test | all)
        if [ "$("$cache/bin/cargo-deny" --version 2>/dev/null || true)" != "cargo-deny $deny_version" ]; then
            say "building cargo-deny $deny_version into $cache/bin (once, a minute or two)"
            CARGO_PROFILE_DEV_DEBUG=0 cargo install cargo-deny --version "$deny_version" --locked --debug --force \
                --no-default-features --root "$cache" --target-dir "$cache/deny-build" --quiet
            rm -rf "$cache/deny-build"
        fi
        ;;
esac

# The gNMI server that tests ask: openconfig's own, fed by tests/gnmi/main.go. Built anew when its source changes. Go is optional, for Debian
# 12 has one that is too old for the server's modules: without Go 1.21 or newer the two tests that need the server say that they are skipped.
case $target in
    test | all)
        source=$(cat "$here"/../tests/gnmi/main.go "$here"/../tests/gnmi/go.sum | cksum)
        if [ ! -x "$cache/bin/gnmi-server" ] || [ "$(cat "$cache/bin/gnmi-server.source" 2>/dev/null || true)" != "$source" ]; then
            say "building a gNMI server for tests into $cache/bin (once, a minute)"
            mkdir -p "$cache/bin"
            rm -f "$cache/bin/gnmi-server" "$cache/bin/gnmi-server.source"
            if (cd "$here/../tests/gnmi" && go build -o "$cache/bin/gnmi-server" .); then
                echo "$source" >"$cache/bin/gnmi-server.source"
            else
                say "no gNMI server: tests that need one are skipped; install Go 1.21 or newer (https://go.dev/dl) to run them"
            fi
        fi
        ;;
esac
