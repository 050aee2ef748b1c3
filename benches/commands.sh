#!/bin/sh
# Measures whole commands against the numbers ipcx promises, under loads that this script makes and takes away again.
#
#   benches/commands.sh [-p] [queues|fds|sleepers|small|all]
#
#     queues  31,000 System V queues in an IPC namespace of their own: against cat, ipcs -q and lsipc -q, under ipcx's own
#             name and under theirs (needs root)
#     fds     1,500 processes with 127,000 fds: against a bare readlinkat walk (walk.c) and lsof -n
#     sleepers  why --all, with 1,500 processes asleep: in pause, in msgrcv, in reading one pipe that all of them have;
#             against a single-threaded loop that reads each call once (walk.c)
#     small   this machine as it is, and the size of the binary
#     -p      into a pipe that is drained instead of /dev/null
#
# IPCX=FILE measures that binary instead of building one. What is not installed or not permitted is skipped, and said.
# Ratios are of medians. Exit code: 0 all met or skipped, 1 a number missed, 2 not measured.

set -eu

pipe=
load_pid=
missed=0
tmp=

say() { printf '%s\n' "$*"; }
die() { printf 'commands.sh: %s\n' "$*" >&2; exit 2; }
skip() { say "SKIPPED  $*"; }
have() { command -v "$1" >/dev/null 2>&1; }

# Also on a signal: the load first, which takes its processes with it, then the files.
clean_up() {
    if [ -n "$load_pid" ]; then
        kill "$load_pid" 2>/dev/null || :
        wait "$load_pid" 2>/dev/null || :
    fi
    if [ -n "$tmp" ]; then rm -rf "$tmp"; fi
}

build() {
    tmp=$(mktemp -d)
    cc=${CC:-cc}
    have "$cc" || die "no C compiler: $cc"
    for tool in 'load load.c load_queues.c load_fds.c load_sleepers.c' 'walk walk.c' 'compare compare.c'; do
        # shellcheck disable=SC2086 # the words are the name and its sources
        set -- $tool
        name=$1
        shift
        (cd benches && "$cc" -std=c11 -O2 -Wall -Wextra -o "$tmp/$name" "$@") || die "$name does not build"
    done
    if [ -z "${IPCX:-}" ]; then
        cargo build --release --quiet || die "ipcx does not build"
        IPCX=${CARGO_TARGET_DIR:-target}/release/ipcx
    fi
    [ -x "$IPCX" ] || die "$IPCX: no such program"
    ln -s "$(readlink -f "$IPCX")" "$tmp/ipcx"
    PATH=$tmp:$PATH
}

# under LOAD… -- COMMAND…: the command's output in $tmp/table and on the screen. In the background, because a shell
# runs its traps only once a command in the foreground has ended. False when it could not be measured.
under() {
    load "$@" >"$tmp/table" &
    load_pid=$!
    code=0
    wait "$load_pid" || code=$?
    load_pid=
    case $code in
    0) cat "$tmp/table" ;;
    77) skip "the load: see above"; return 1 ;;
    *) die "load $1: exit code $code" ;;
    esac
}

# cell NAME COLUMN: from the table that compare printed.
cell() {
    awk -v name="$1" -v column="$2" '
        NR == 1 { for (i = 1; i <= NF; i++) if ($i == column) at = i }
        NR > 1 && $1 == name { print $at }' "$tmp/table"
}

divide() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }

# verdict TEXT VALUE most|least LIMIT UNIT
verdict() {
    if awk -v value="$2" -v limit="$4" -v how="$3" \
        'BEGIN { exit !(how == "most" ? value <= limit : value >= limit) }'; then
        result=OK
    else
        result=MISSED
        missed=1
    fi
    printf '%-8s %s: %s %s (at %s %s)\n' "$result" "$1" "$2" "$5" "$3" "$4"
}

# True when `ipcx` ran and ended well: only then do its times mean anything.
ipcx_worked() {
    status=$(cell ipcx STATUS)
    if [ "$status" = ok ]; then return 0; fi
    say "MISSED   ipcx did not end well: $status"
    missed=1
    return 1
}

# faster_than NAME TIMES: judges NAME / ipcx. A command that ran into the time limit took at least that long.
faster_than() {
    ratio=$(divide "$(cell "$1" WALL-MED)" "$(cell ipcx WALL-MED)")
    if [ "$(cell "$1" STATUS)" = timeout ]; then say "         $1 was stopped: it takes longer than shown"; fi
    verdict "faster than $1" "$ratio" least "$2" times
}

# old_name NAME: judges the old tool against ours under its name, `ipcx-NAME`.
old_name() {
    have "$1" || return 0
    ratio=$(divide "$(cell "$1" WALL-MED)" "$(cell "ipcx-$1" WALL-MED)")
    verdict "as $1 -q faster than $1" "$ratio" least 3 times
}

queues() {
    say '== ls -q, ipcs -q and lsipc -q, with 31,000 queues'
    set -- 'cat=cat /proc/sysvipc/msg' 'ipcx=ipcx ls -q' 'ipcx-ipcs=ipcx ipcs -q' 'ipcx-lsipc=ipcx lsipc -q'
    for tool in ipcs lsipc; do
        if have "$tool"; then set -- "$@" "$tool=$tool -q"; else skip "$tool -q: not installed"; fi
    done
    # shellcheck disable=SC2086 # $pipe is an option or nothing
    under queues 31000 -- compare $pipe -n 15 "$@" || return 0
    if ipcx_worked; then
        verdict 'against cat /proc/sysvipc/msg' "$(cell ipcx x-MED)" most 2 times
        if have ipcs; then faster_than ipcs 3; fi
        old_name ipcs
        old_name lsipc
    fi
}

fds() {
    say '== ls --json with 1,500 processes and 127,000 fds'
    set -- 'walk=walk' 'ipcx=ipcx ls --json'
    if have lsof; then set -- "$@" 'lsof:2=lsof -n'; else skip 'lsof -n: not installed'; fi
    # shellcheck disable=SC2086
    under fds -- compare $pipe -n 7 -t 120 "$@" || return 0
    if ipcx_worked; then
        verdict 'against the bare walk' "$(cell ipcx x-MED)" most 1.2 times
        if have lsof; then faster_than lsof 10; fi
        verdict 'memory' "$(divide "$(cell ipcx KB-MAX)" 976.5625)" most 100 MB
    fi
}

sleepers() {
    for call in pause msgrcv pipe; do
        say "== why --all --json with 1,500 processes asleep: $call"
        # shellcheck disable=SC2086
        under "$call" -- compare $pipe -n 15 'walk=walk calls' 'ipcx=ipcx why --all --json' || continue
        if ipcx_worked; then verdict "against reading each call once, $call" "$(cell ipcx x-MED)" most 2 times; fi
    done
}

small() {
    say '== ls -q on this machine as it is'
    set -- 'true=true' 'ipcx=ipcx ls -q'
    if have ipcs; then set -- "$@" 'ipcs=ipcs -q'; else skip 'ipcs -q: not installed'; fi
    # shellcheck disable=SC2086
    compare $pipe -n 50 "$@" >"$tmp/table"
    cat "$tmp/table"
    if ipcx_worked; then verdict 'from exec to exit' "$(cell ipcx WALL-MED)" most 5 ms; fi
    bytes=$(wc -c <"$IPCX")
    verdict 'size of the binary' "$(divide "$bytes" 1000000)" most 6 MB
}

if [ "${1:-}" = -p ]; then
    pipe=-p
    shift
fi
section=${1:-all}
case $section in
queues | fds | sleepers | small | all) [ $# -le 1 ] || die 'one section, or all' ;;
*) die 'usage: commands.sh [-p] [queues|fds|sleepers|small|all]' ;;
esac

trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
# A relative IPCX is relative to where we were called, everything else to the top folder.
if [ -n "${IPCX:-}" ]; then IPCX=$(readlink -f "$IPCX"); fi
cd "$(dirname "$0")/.."
build
case $section in
all) queues; fds; sleepers; small ;;
*) "$section" ;;
esac
exit "$missed"
