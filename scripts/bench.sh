#!/usr/bin/env bash
# Run the measurements: the tests marked `bench`, one after the other and alone on the machine, with what they print.
set -euo pipefail
cd "$(dirname "$0")/.."

status=0
.venv/bin/python -m pytest -m bench -rA "$@" || status=$?
if [ "$status" = 5 ]; then
    echo "There is no measurement yet: a test under tests/scale/ is one."
    exit 0
fi
exit "$status"
