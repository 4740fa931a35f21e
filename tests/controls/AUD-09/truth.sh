#!/bin/bash
# AUD-09 really done: see the truth of AUD-04, which does the work below and looks for its records.
# Prints compliant, pending or drifted, then why.
set -u
KEYS="admin_home_user"
WORK="
homes /home
"
WORK="$WORK" KEYS="$KEYS" exec bash "${0%/*}/AUD-04.sh"
