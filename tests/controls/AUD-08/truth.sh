#!/bin/bash
# AUD-08 really done: see the truth of AUD-04, which does the work below and looks for its records.
# Prints compliant, pending or drifted, then why.
set -u
KEYS="perm_chng"
WORK="
start /usr/bin/chcon
start /usr/bin/setfacl
start /usr/bin/chacl
"
WORK="$WORK" KEYS="$KEYS" exec bash "${0%/*}/AUD-04.sh"
