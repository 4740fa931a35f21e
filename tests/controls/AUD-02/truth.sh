#!/bin/bash
# AUD-02 really done: see the truth of AUD-04, which does the work below and looks for its records.
# Prints compliant, pending or drifted, then why.
set -u
KEYS="logins"
mkdir -p /run/faillock # as pam_faillock does when somebody fails for the first time
WORK="
folder /run/faillock
said USER_AUTH
said USER_LOGIN
"
[ ! -e /var/lib/lastlog/lastlog2.db ] || WORK+="file /var/lib/lastlog/lastlog2.db"
WORK="$WORK" KEYS="$KEYS" exec bash "${0%/*}/AUD-04.sh"
