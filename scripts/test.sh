#!/usr/bin/env bash
# Run tests. `test.sh`: all that needs no machine, on every processor. `test.sh machines`: the rest of them, in three
# processes side by side, since machines that are tried wait a lot: the machine runs (machines in QEMU that are
# broken, two at a time), Windows, and single machines and services; what each printed comes one after the other, and
# a total at the end. With other arguments: these only, in one pytest.
set -euo pipefail
cd "$(dirname "$0")/.."

# Where an environment switches bytecode off, each of the hundreds of processes would compile Leeboard anew.
export PYTHONDONTWRITEBYTECODE=

pytest() { .venv/bin/python -m pytest "$@"; }
slowest=(--durations=20 --durations-min=20)   # seconds: what to look at when all of it takes too long

if [ $# = 0 ]; then
    status=0
    # A file's tests stay together, since they share what takes long to make. One process more than there are
    # processors: many tests wait for a clock or a disk.
    pytest "${slowest[@]}" -n $(($(nproc) + 1)) --dist loadfile --no-loadscope-reorder \
        -m "not lab and not windows and not service and not bench" || status=1
    word=passed
    [ "$status" = 0 ] || word=failed
    .venv/bin/python -m tests.tiers "$word" test
    exit "$status"
elif [ "$1" != machines ]; then
    pytest "$@"
    exit
fi

work=$(mktemp -d)
declare -A beside=()   # by the name of a part, its process
stop() {
    for part in "${!beside[@]}"; do
        kill -TERM "${beside[$part]}" 2>/dev/null || true
    done
    for part in "${!beside[@]}"; do
        wait "${beside[$part]}" || true
    done
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM

begin() { # PART, MARKS, what comes before it
    LEEBOARD_COUNTS=$work/$1.counts "${@:3}" .venv/bin/python -m pytest "${slowest[@]}" -m "$2" >"$work/$1" 2>&1 </dev/null &
    beside[$1]=$!
}

end() { # PART: its exit code
    local status=0
    printf '\nBeside them, %s:\n' "$1"
    tail -n +1 --pid="${beside[$1]}" -f "$work/$1"
    wait "${beside[$1]}" || status=$?
    unset "beside[$1]"
    return "$status"
}

# The machine runs take longest and go first: the others have what they leave of the processors. Where Linux shares
# those out by session (sched_autogroup_enabled), a process that is nice is so to its own session only, and a session
# has to be.
(echo 5 >/proc/self/autogroup) 2>/dev/null || true
begin machine_runs "machine_runs" setsid
parts="machine_runs"
if [ "${LEEBOARD_WINDOWS:-}" != off ]; then
    begin windows "windows and not machine_runs and not bench" nice -n 5
    parts="$parts windows"
fi
bad=0
LEEBOARD_COUNTS=$work/single.counts nice -n 5 .venv/bin/python -m pytest "${slowest[@]}" \
    -m "(lab or service) and not machine_runs and not windows and not bench" || bad=1
for part in $parts; do
    end "$part" || bad=1
done

passed=0 failed=0 skipped=0
for part in single $parts; do
    if [ -e "$work/$part.counts" ]; then
        read -r p f s <"$work/$part.counts"
        passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    else
        echo "pytest broke off before it could count: $part" >&2
        failed=$((failed + 1))
    fi
done
word=passed
[ "$bad" = 0 ] || word=failed
.venv/bin/python -m tests.tiers "$word" test-machines
printf '\nAll of it:\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$bad" = 0 ]
