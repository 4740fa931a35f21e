#!/bin/bash
# AUD-11 by what happens: auditd itself says at which size it starts a new log, and when it is told to rotate, an old
# log must move to the number that gives enough of them; a message must be found in the journal on the disk, and a new
# journal file must be marked as compressed. What auditd has not read yet is judged by what it would read, as pending.
# Prints compliant, pending or drifted, then why. LEVEL is the device's level.
set -u
wrong="" unread=""
wanted=192
[ "$LEVEL" != sensitive ] || wanted=512
[ "$LEVEL" != high ] || wanted=1024
logs=/var/log/audit

rotates() { # rotates SIZE: auditd, as it runs, keeps as many logs of SIZE KB as are wanted
    local needed=$(((wanted * 1024 + $1 - 1) / $1))
    # needed logs are audit.log and audit.log.1 to audit.log.(needed - 1)
    rm -f $logs/audit.log.$((needed - 1))
    (umask 0137 && echo leeboard-proof >$logs/audit.log.$((needed - 2)))
    auditctl --signal rotate >/dev/null 2>&1
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        sleep 0.5
        if grep -qs leeboard-proof $logs/audit.log.$((needed - 1)); then
            rm -f $logs/audit.log.$((needed - 1))
            return 0
        fi
    done
    rm -f $logs/audit.log.$((needed - 2))
    return 1
}

# shellcheck source=tests/controls/truth_auditd.sh
. "${0%/*}/truth_auditd.sh" || exit
if [ -n "$unread" ]; then
    count=$(sed -n 's/^num_logs_parser called with: //p' <<<"$said" | tail -1)
    size=$(sed -n 's/^max_log_size_parser called with: //p' <<<"$said" | tail -1)
    [ $((${count:-0} * ${size:-0})) -ge "$wanted" ] || wrong+="auditd would keep '$count' logs of '$size' MB. "
    writes=$(sed -n 's/^write_logs_parser called with: //p' <<<"$said" | tail -1)
    [ "${writes,,}" != no ] || wrong+="auditd writes no log. "
else
    rm -f /run/auditd.state
    auditctl --signal state >/dev/null 2>&1
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        grep -qs 'plugin queue' /run/auditd.state && break
        sleep 0.5
    done
    size=$(sed -n 's/^max log size = \([0-9]*\) KB/\1/p' /run/auditd.state 2>/dev/null)
    if [ -z "$size" ] || [ "$size" -lt 6144 ]; then
        wrong+="auditd starts a new log at '${size:-unknown}' KB. "
    else
        rotates "$size" || wrong+="auditd keeps fewer logs of $size KB than $wanted MB. "
    fi
fi

token="leeboard-proof-$$-$RANDOM"
logger "$token"
journalctl --sync
journalctl -q -D /var/log/journal -g "$token" -n 1 2>/dev/null | grep -q . || wrong+="the journal is not on the disk. "
journalctl --rotate
# shellcheck disable=SC2012 # journald's names have no blanks
newest=$(ls -t /var/log/journal/*/system.journal /run/log/journal/*/system.journal 2>/dev/null | head -1)
flags=$(journalctl --header --file "$newest" | grep '^Incompatible flags:')
[[ $flags == *COMPRESSED* ]] || wrong+="the journal is not compressed. "

if [ -n "$wrong" ]; then echo drifted; elif [ -n "$unread" ]; then echo pending; else echo compliant; fi
echo "$wrong$unread"
