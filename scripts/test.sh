#!/usr/bin/env bash
# Run the tests. With arguments: these only, in one pytest. Without: the lab (real machines in QEMU, one processor
# each) beside all the others, in two processes; what the lab printed comes after the rest, and a total at the end.
set -euo pipefail
cd "$(dirname "$0")/.."

pytest() { .venv/bin/python -m pytest "$@"; }

if [ $# -gt 0 ]; then
    pytest "$@"
    exit
fi

rest="not lab and not bench"
[ "${LEEBOARD_WINDOWS:-}" != off ] || rest="$rest and not windows"

work=$(mktemp -d)
lab_pid=
stop() {
    if [ -n "$lab_pid" ] && kill -TERM "$lab_pid" 2>/dev/null; then
        wait "$lab_pid" || true
    fi
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM

LEEBOARD_COUNTS=$work/lab.counts .venv/bin/python -m pytest -m lab >"$work/lab" 2>&1 </dev/null &
lab_pid=$!
status=0
LEEBOARD_COUNTS=$work/rest.counts pytest -m "$rest" || status=$?

printf '\nThe lab, beside it:\n'
tail -n +1 --pid="$lab_pid" -f "$work/lab"
lab_status=0
wait "$lab_pid" || lab_status=$?
lab_pid=
if [ "$lab_status" = 5 ] && [ "${LEEBOARD_LAB:-}" != required ]; then lab_status=0; fi   # 5: there is no lab test

passed=0 failed=0 skipped=0
for counts in "$work/rest.counts" "$work/lab.counts"; do
    if [ -e "$counts" ]; then
        read -r p f s <"$counts"
        passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    else
        echo "pytest broke off before it could count: $(basename "$counts" .counts)" >&2
        failed=$((failed + 1))
    fi
done
printf '\nAll of it:\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
.venv/bin/python -m tests.controls.covered   # says whether the last full proof is about this tree; no failure
[ "$status" = 0 ] && [ "$lab_status" = 0 ]
