#!/bin/bash
# AUD-10 really done: see the truth of AUD-04, which does the work below and looks for its records.
# Prints compliant, pending or drifted, then why.
set -u
KEYS="sudo_log_file"
WORK="
file /var/log/sudo.log
"
WORK="$WORK" KEYS="$KEYS" exec bash "${0%/*}/AUD-04.sh"
