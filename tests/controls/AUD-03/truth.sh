#!/bin/bash
# AUD-03 really done: see the truth of AUD-04, which does the work below and looks for its records.
# Prints compliant, pending or drifted, then why.
set -u
KEYS="session"
WORK="
said USER_START
said USER_END
said USER_LOGIN
"
[ ! -e /var/log/wtmp.db ] || WORK+="file /var/log/wtmp.db"
WORK="$WORK" KEYS="$KEYS" exec bash "${0%/*}/AUD-04.sh"
