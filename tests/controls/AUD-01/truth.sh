#!/bin/bash
# AUD-01 by what happens: a message given to the kernel must arrive in the file that auditd has open, auditd must stand
# in the list of what starts at boot, and must take its own configuration (asked in a namespace where it cannot start).
# Prints compliant, pending or drifted, then why. LEVEL is the device's level.
set -u
wrong="" unread=""

token="leeboard-proof-$$-$RANDOM"
pid=$(pgrep -x -o auditd) || wrong+="no auditd runs. "
if [ -n "$pid" ]; then
    log=$(readlink /proc/"$pid"/fd/* | grep -m1 '/audit\.log$') || wrong+="auditd has no log open. "
    auditctl -m "$token" >/dev/null 2>&1 || wrong+="the kernel takes no message. "
    if [ -n "$log" ]; then
        found=""
        for _ in 1 2 3 4 5 6 7 8 9 10; do
            grep -qs "$token" "$log" && found=yes && break
            sleep 0.5
        done
        [ -n "$found" ] || wrong+="a message did not arrive in $log. "
    fi
fi
find /etc/systemd/system -path '*.wants/auditd.service' -type l | grep -q . || wrong+="nothing starts auditd at boot. "
[ "$(readlink -f /etc/systemd/system/auditd.service)" != /dev/null ] || wrong+="auditd is masked. "
systemd-analyze condition --unit=auditd.service >/dev/null 2>&1 || wrong+="a condition keeps auditd from starting. "
! systemctl is-failed --quiet audit-rules.service || wrong+="the rules did not load. "

# shellcheck source=tests/controls/truth_auditd.sh
. "${0%/*}/truth_auditd.sh" || exit
local_events=$(sed -n 's/^local_events_parser called with: //p' <<<"$said" | tail -1)
[ "${local_events,,}" != no ] || wrong+="auditd ignores this machine. "

if [ -n "$wrong" ]; then echo drifted; elif [ -n "$unread" ]; then echo pending; else echo compliant; fi
echo "$wrong$unread"
