#!/bin/bash
# AUD-10 by using sudo: what root and a teacher ask of it must stand in a text file below /var/log, whether it was
# allowed or not, and visudo must find nothing wrong; the rules must name that file. Then by touching its log: see the
# truth of AUD-04.
# Prints compliant, pending or drifted, then why. LEVEL is the device's level.
set -u
wrong=""

logged() { # logged USER: what USER asks of sudo is in a file
    token="leeboard-proof-$$-$RANDOM"
    runuser -u "$1" -- sudo -n /bin/echo "$token" >/dev/null 2>&1 </dev/null
    files=$(grep -rlsI --exclude-dir={journal,audit,lab-collector} --exclude={auth.log,syslog} "$token" /var/log)
    [ -n "$files" ] || return
    for file in $files; do
        named=""
        for above in "$file" "${file%/*}"; do
            grep -hsv '^ *#' /etc/audit/rules.d/*.rules | grep -qE "(path=|dir=|-w )$above/?( |\$)" && named=1
        done
        [ -n "$named" ] || wrong+="no rule names $file, where sudo records what $1 does. "
    done
}

if [ "$LEVEL" != standard ]; then
    logged root || wrong+="what root asks of sudo is in no file. "
    logged teacher || wrong+="what a teacher asks of sudo is in no file. "
    visudo -cq >/dev/null 2>&1 || wrong+="visudo finds a mistake. "
fi

if [ -n "$wrong" ]; then
    echo drifted
    echo "$wrong"
    exit
fi
WORK="
file /var/log/sudo.log
" KEYS="sudo_log_file" exec bash "${0%/*}/AUD-04.sh"
