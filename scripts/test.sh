#!/usr/bin/env bash
# Run the tests. With arguments: these only, in one pytest. Without: the lanes (machines in QEMU that are broken, two at
# a time) beside all the others, in two processes; what the lanes printed comes after the rest, and a total at the end.
set -euo pipefail
cd "$(dirname "$0")/.."

pytest() { .venv/bin/python -m pytest "$@"; }

if [ $# -gt 0 ]; then
    pytest "$@"
    exit
fi

rest="not lanes and not bench"
[ "${LEEBOARD_WINDOWS:-}" != off ] || rest="$rest and not windows"

work=$(mktemp -d)
lanes_pid=
stop() {
    if [ -n "$lanes_pid" ] && kill -TERM "$lanes_pid" 2>/dev/null; then
        wait "$lanes_pid" || true
    fi
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM

LEEBOARD_COUNTS=$work/lanes.counts .venv/bin/python -m pytest -m lanes >"$work/lanes" 2>&1 </dev/null &
lanes_pid=$!
status=0
LEEBOARD_COUNTS=$work/rest.counts pytest -m "$rest" || status=$?

printf '\nThe lanes, beside them:\n'
tail -n +1 --pid="$lanes_pid" -f "$work/lanes"
lanes_status=0
wait "$lanes_pid" || lanes_status=$?
lanes_pid=
if [ "$lanes_status" = 5 ] && [ "${LEEBOARD_LAB:-}" != required ]; then lanes_status=0; fi   # 5: there are none

passed=0 failed=0 skipped=0
for counts in "$work/rest.counts" "$work/lanes.counts"; do
    if [ -e "$counts" ]; then
        read -r p f s <"$counts"
        passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    else
        echo "pytest broke off before it could count: $(basename "$counts" .counts)" >&2
        failed=$((failed + 1))
    fi
done
printf '\nAll of it:\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
.venv/bin/python -m tests.controls.full_done   # says how much of the full proof is about this tree; no failure
[ "$status" = 0 ] && [ "$lanes_status" = 0 ]
