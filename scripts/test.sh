#!/usr/bin/env bash
# Run the tests. With arguments: these only, in one pytest. Without: four side by side, since machines that are tried
# wait a lot: the lanes (machines in QEMU that are broken, two at a time), Windows, tests/unit, and all the others. What
# the first three printed comes after the rest, and a total at the end.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -gt 0 ]; then
    .venv/bin/python -m pytest "$@"
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

begin() { # PART, FOLDER, MARKS, what comes before it
    LEEBOARD_COUNTS=$work/$1.counts "${@:4}" .venv/bin/python -m pytest "$2" -m "$3" >"$work/$1" 2>&1 </dev/null &
    beside[$1]=$!
}

end() { # PART, may it have no tests: the exit code of that part
    local status=0
    printf '\nBeside them, %s:\n' "$1"
    tail -n +1 --pid="${beside[$1]}" -f "$work/$1"
    wait "${beside[$1]}" || status=$?
    unset "beside[$1]"
    if [ "$status" = 5 ] && [ "$2" = yes ]; then status=0; fi   # 5: there are none
    return "$status"
}

# The lanes take longest and go first: the others have what they leave of the processors. Where Linux shares those out
# by session (sched_autogroup_enabled), a process that is nice is so to its own session only, and a session has to be.
(echo 5 >/proc/self/autogroup) 2>/dev/null || true
others="not lanes and not windows and not bench"
begin lanes tests "lanes" setsid
begin unit tests/unit "$others" nice -n 5
parts="lanes unit"
if [ "${LEEBOARD_WINDOWS:-}" != off ]; then
    begin windows tests "windows and not lanes and not bench" nice -n 5
    parts="$parts windows"
fi
bad=0
LEEBOARD_COUNTS=$work/rest.counts nice -n 5 .venv/bin/python -m pytest --ignore tests/unit -m "$others" || bad=1
without=yes
[ "${LEEBOARD_LAB:-}" != required ] || without=no
for part in $parts; do
    end "$part" "$without" || bad=1
done

passed=0 failed=0 skipped=0
for part in rest $parts; do
    if [ -e "$work/$part.counts" ]; then
        read -r p f s <"$work/$part.counts"
        passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    else
        echo "pytest broke off before it could count: $part" >&2
        failed=$((failed + 1))
    fi
done
printf '\nAll of it:\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
.venv/bin/python -m tests.controls.full_done   # says how much of the full proof is about this tree; no failure
.venv/bin/python -m tests.reliability.records  # the same of docs/reliability.md
[ "$bad" = 0 ]
