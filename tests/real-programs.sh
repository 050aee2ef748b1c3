#!/usr/bin/env bash
# Real programs against `ipcx leaks`: while they run none of their objects may be called leaked; after `kill -9` of the whole
# program everything that they left has to be found, with the right reason.
#
#   tests/real-programs.sh [path of ipcx]
#
# Each program that is not installed is skipped, loudly. All of it happens in private IPC, PID, mount and network namespaces
# with a /tmp of their own: nothing outside is looked at or left behind, and the namespaces end with the script. Needs root.
set -u

if [ "${IPCX_INSIDE:-}" != yes ]; then
    ipcx=$(realpath "${1:-target/debug/ipcx}") || exit 2
    if ! unshare -ipmn --fork --mount-proc --kill-child true 2>/dev/null; then
        echo "SKIPPED real programs: no namespaces here"
        exit 0
    fi
    IPCX_INSIDE=yes IPCX=$ipcx timeout --kill-after=5 300 \
        unshare -ipmn --fork --mount-proc --kill-child bash "$(realpath "$0")"
    exit
fi

# ---- inside -------------------------------------------------------------------------------------------------------------
exec 9<"$IPCX" # it may lie below /tmp
for place in /tmp /dev/shm /run; do
    mount -t tmpfs -o mode=1777 scratch $place || exit 2
done
SCRATCH=/tmp/scratch
mkdir -m 1777 $SCRATCH
cd / # where this began is out of sight, if that was below /tmp
IPCX=$SCRATCH/ipcx
cat <&9 >$IPCX
exec 9<&-
chmod 755 $IPCX
ip link set lo up 2>/dev/null || true
export XDG_STATE_HOME=$SCRATCH/state TMPDIR=/tmp HOME=$SCRATCH
failed=0
uid=65534

say() { printf '%s\n' "$*"; }
fail() { say "FAILED $*"; failed=1; }
as_user() { setpriv --reuid=$uid --regid=$uid --clear-groups "$@"; }
# address,state,why of all that is leaked or suspect, also files below /tmp.
leaks() { "$IPCX" leaks --csv --no-header -o address,state,why /tmp 2>/dev/null; }
# Waits until a command succeeds, 20 seconds at the most.
await() {
    for _ in $(seq 200); do
        "$@" >/dev/null 2>&1 && return 0
        read -rt 0.1 <> <(:) || true
    done
    return 1
}
# A program and all of its descendants, by process id.
family() {
    local pid
    for pid in "$@"; do
        [ -d "/proc/$pid" ] || continue
        echo "$pid"
        # shellcheck disable=SC2046 # words are wanted
        family $(cat "/proc/$pid"/task/*/children 2>/dev/null)
    done
}
# SIGKILL to all of a program: those that detached are found by what they were started with.
end() {
    local pids
    pids=$(family "$@" | sort -un)
    # shellcheck disable=SC2086 # words are wanted
    kill -STOP $pids 2>/dev/null
    pids=$(family $pids | sort -un)
    # shellcheck disable=SC2086
    kill -KILL $pids 2>/dev/null
    for pid in $pids; do await gone "$pid" || fail "pid $pid does not end"; done
}
gone() { ! [ -d "/proc/$1" ] || grep -q '^State:.*Z' "/proc/$1/status"; }

# What is leaked or suspect and was not before, by address: reasons name processes that come and go.
new() {
    leaks >"$SCRATCH/now" # no pipe of this script's should be in sight
    awk -F, 'NR == FNR { old[$1]; next } !($1 in old)' "$SCRATCH/before" "$SCRATCH/now"
}
# running NAME: nothing that came with it is leaked. Suspects are counted.
running() {
    local name=$1 new
    "$IPCX" leaks --json /tmp >/dev/null 2>&1 || fail "$name: leaks --json does not work"
    new=$(new)
    if grep -q ',leaked,' <<<"$new"; then
        fail "$name runs, and this is said to be leaked:"
        grep ',leaked,' <<<"$new"
    fi
    # Here a process outside this PID namespace may have the other end; on the whole machine this would be leaked.
    if grep '^pipe:.*has a read end' <<<"$new"; then
        fail "$name runs, and these pipes of it are said to have no read end"
    fi
    say "ok: $name runs: nothing leaked, $(grep -c ',suspect,' <<<"$new") suspect"
    grep ',suspect,' <<<"$new" | cut -c1-150 | sed 's/^/    /'
}
# left NAME PATTERN…: after its end each pattern is found among leaked and suspects.
left() {
    local name=$1 new pattern
    shift
    new=$(new)
    for pattern in "$@"; do
        grep -Eq "$pattern" <<<"$new" || { fail "$name left something that is not found: $pattern"; say "$new"; }
    done
    if [ $# = 0 ]; then
        say "ok: $name was killed: it leaves $(grep -c . <<<"$new") objects"
        grep . <<<"$new" | cut -c1-150 | sed 's/^/    /'
    else
        say "ok: $name was killed: all of $# kinds of objects found, $(grep -c ',leaked,' <<<"$new") leaked"
    fi
    "$IPCX" clean --yes --suspects --no-backup /tmp >"$SCRATCH/clean.log" 2>&1 || {
        fail "$name: what it left is not cleaned up"; cat "$SCRATCH/clean.log"; }
    new=$(new | grep -v '^pipe:\|^socket:')
    [ -z "$new" ] || { fail "$name: this is left after clean:"; say "$new"; }
}
begin() { leaks >"$SCRATCH/before"; }
missing() { say "SKIPPED $1: not installed"; }

postgres_here() {
    local bin
    for bin in /usr/lib/postgresql/*/bin "$(dirname "$(command -v postgres || echo /none/postgres)")"; do
        [ -x "$bin/initdb" ] && [ -x "$bin/postgres" ] && { echo "$bin"; return 0; }
    done
    return 1
}

postgresql() {
    local bin data=$SCRATCH/pg pid
    bin=$(postgres_here) || { missing PostgreSQL; return; }
    as_user mkdir "$data" || return
    as_user timeout 100 "$bin/initdb" -D "$data" -A trust -N >"$SCRATCH/pg.log" 2>&1 || {
        say "SKIPPED PostgreSQL: initdb does not work here"; tail -3 "$SCRATCH/pg.log"; return; }
    begin
    as_user "$bin/postgres" -D "$data" -k /tmp -h '' -c fsync=off >>"$SCRATCH/pg.log" 2>&1 &
    pid=$!
    await test -S /tmp/.s.PGSQL.5432 || { fail "PostgreSQL does not start"; tail -3 "$SCRATCH/pg.log"; }
    await grep -q 'ready to accept' "$SCRATCH/pg.log"
    running PostgreSQL
    end $pid
    left PostgreSQL '^shm:[0-9]+,(leaked|suspect),.*creator, pid [0-9]+, is gone' \
        '^shm:/PostgreSQL.*no process has it open or mapped' '^unix:/tmp/\.s\.PGSQL.*no socket'
}

apache() {
    local server modules=/usr/lib/apache2/modules conf=$SCRATCH/httpd.conf pid
    server=$(command -v apache2 || command -v httpd) || { missing "Apache httpd"; return; }
    [ -e $modules/mod_mpm_prefork.so ] || modules=/usr/lib64/httpd/modules
    {
        echo "ServerRoot $SCRATCH"
        echo "ServerName localhost"
        echo "LoadModule mpm_prefork_module $modules/mod_mpm_prefork.so"
        [ -e $modules/mod_unixd.so ] && echo "LoadModule unixd_module $modules/mod_unixd.so"
        echo "LoadModule authz_core_module $modules/mod_authz_core.so"
        echo "Mutex sysvsem default"
        printf 'Listen 127.0.0.1:%s\n' 8081 8082 # two: then who accepts is decided by a mutex
        echo "PidFile $SCRATCH/httpd.pid"
        echo "ErrorLog $SCRATCH/httpd.log"
        echo "User #$uid"
        echo "Group #$uid"
    } >"$conf"
    begin
    "$server" -f "$conf" -DFOREGROUND >"$SCRATCH/httpd.out" 2>&1 &
    pid=$!
    await grep -q 'resuming normal operations' "$SCRATCH/httpd.log" || { fail "Apache httpd does not start"; cat "$SCRATCH/httpd.out"; }
    await sets_are_there
    running "Apache httpd"
    end $pid
    left "Apache httpd" '^sem:[0-9]+,(leaked|suspect),'
}
sets_are_there() { "$IPCX" ls -s --csv --no-header -o address | grep -q '^sem:[0-9]'; }

python() {
    local pid
    command -v python3 >/dev/null || { missing Python; return; }
    cat >"$SCRATCH/program.py" <<'PY'
import time
from multiprocessing import Manager, Process, Lock, Queue, set_start_method
from multiprocessing.shared_memory import SharedMemory
def work(name, lock, queue, shared):
    memory = SharedMemory(name)
    with lock:
        shared["worker"] = memory.size
    queue.put(1)
    time.sleep(1000)
if __name__ == "__main__":
    set_start_method("spawn")
    memory = SharedMemory(create=True, size=1 << 20)
    # A second one that nobody has mapped for a while: it is found by its name.
    idle = SharedMemory(create=True, size=4096)
    idle.close()
    with Manager() as manager:
        shared, lock, queue = manager.dict(), Lock(), Queue()
        workers = [Process(target=work, args=(memory.name, lock, queue, shared)) for _ in range(3)]
        for worker in workers: worker.start()
        for worker in workers: queue.get()
        print("ready", flush=True)
        time.sleep(1000)
PY
    begin
    python3 "$SCRATCH/program.py" >"$SCRATCH/python.log" 2>&1 &
    pid=$!
    await grep -q ready "$SCRATCH/python.log" || { say "SKIPPED Python: multiprocessing does not work here"; tail -1 "$SCRATCH/python.log"; end $pid; return; }
    running "Python multiprocessing"
    end $pid
    left "Python multiprocessing" '^shm:/psm_.*no process has it open or mapped' '^unix:/tmp/pymp.*no socket'
}

dbus() {
    local pid
    command -v dbus-daemon >/dev/null || { missing dbus-daemon; return; }
    begin
    dbus-daemon --session --nofork --address="unix:path=$SCRATCH/bus" >"$SCRATCH/dbus.log" 2>&1 &
    pid=$!
    await test -S "$SCRATCH/bus" || fail "dbus-daemon does not start"
    running dbus-daemon
    end $pid
    left dbus-daemon "^unix:$SCRATCH/bus,.*no socket"
}

secure_shell() {
    local server pid
    server=$(command -v sshd || ls /usr/sbin/sshd 2>/dev/null) || { missing sshd; return; }
    ssh-keygen -q -N '' -t ed25519 -f "$SCRATCH/key" 2>/dev/null || { say "SKIPPED sshd: no ssh-keygen"; return; }
    mkdir -p /run/sshd
    begin
    "$server" -D -f /dev/null -h "$SCRATCH/key" -p 2222 -o ListenAddress=127.0.0.1 -o PidFile=none -E "$SCRATCH/sshd.log" &
    pid=$!
    await bash -c 'exec 3<>/dev/tcp/127.0.0.1/2222' || { say "SKIPPED sshd: it does not start here"; end $pid; return; }
    # A connection that logs in to nothing: its two processes talk over socket pairs.
    exec 4<>/dev/tcp/127.0.0.1/2222
    read -rt 5 _ <&4
    running sshd
    exec 4>&-
    end $pid
    left sshd
}

browser() {
    local program pid
    for program in chromium-headless-shell chromium chromium-browser google-chrome firefox firefox-esr; do
        command -v $program >/dev/null && break
        program=
    done
    [ -n "$program" ] || { missing "a browser"; return; }
    begin
    case $program in
        firefox*) "$program" --headless --profile "$SCRATCH/browser" --no-remote about:blank >"$SCRATCH/browser.log" 2>&1 & ;;
        *) "$program" --headless --no-sandbox --disable-gpu --user-data-dir="$SCRATCH/browser" --remote-debugging-port=9222 \
            'data:text/html,<canvas></canvas>' >"$SCRATCH/browser.log" 2>&1 & ;;
    esac
    pid=$!
    case $program in
        firefox*) await test -e "$SCRATCH/browser/lock" ;;
        *) await grep -q 'DevTools listening' "$SCRATCH/browser.log" ;;
    esac || { say "SKIPPED $program: it does not start here"; tail -1 "$SCRATCH/browser.log"; end $pid; return; }
    running "$program"
    end $pid
    left "$program"
}

for program in postgresql apache python dbus secure_shell browser; do
    $program
done
exit $failed
