#!/bin/sh
# Makes assets/screenshot.svg, the picture in README.md: of the real program, over objects made for it in namespaces of
# their own. Needs root, util-linux's unshare and a Rust toolchain: assets/screenshot.rs presses the keys and writes the
# picture.
#
#   assets/screenshot.sh [FILE.svg]

set -eu
cd "$(dirname "$0")/.."
out=$(realpath -m "${1:-assets/screenshot.svg}")

if [ "${SCREENSHOT_INSIDE:-}" ]; then
    mount -t tmpfs none /dev/shm
    place=$(mktemp -d)
    trap 'rm -rf "$place"' EXIT
    export XDG_STATE_HOME="$place" XDG_CONFIG_HOME="$place"
    ipcx=$PWD/target/debug/ipcx
    # Processes are told by their names: these are ipcx itself, under others.
    for name in orders feeder cache web; do cp "$ipcx" "$place/$name"; done
    "$ipcx" create queue --key 0x4d2 >/dev/null
    "$ipcx" create queue --key 0x52e2 --mode 0640 >/dev/null
    "$ipcx" create queue --name /jobs >/dev/null
    for key in 0x7a69 0x7a6a; do "$ipcx" create queue --key $key >/dev/null; done
    for order in 17 18 19; do "$place/feeder" send queue:0x4d2 "order $order" >/dev/null; done
    "$place/web" send queue:0x7a69 'left behind' >/dev/null
    "$place/feeder" send queue:0x52e2 x >/dev/null
    "$place/orders" recv --all queue:0x52e2 >/dev/null
    "$place/orders" recv --wait queue:0x52e2 >/dev/null &
    "$place/web" recv --wait queue:/jobs >/dev/null &
    "$ipcx" create shm --key 0x1001 --size 64M >/dev/null
    "$ipcx" create shm --name /cache --size 1M >/dev/null
    "$ipcx" create sem --key 0x1f --count 3 >/dev/null
    target/debug/examples/screenshot "$out" 142 26 WAIT=Overview KEYS=2 WAIT=queue:0 'WAIT=orders(' 'WAIT=web(' \
        KEYS=j 'WAIT=[queue 0x52e2' -- "$ipcx" --theme dark
    exit
fi

cargo build --quiet --example screenshot --bin ipcx
SCREENSHOT_INSIDE=1 exec unshare -ipmn --mount-proc --fork --kill-child "$0" "$out"
