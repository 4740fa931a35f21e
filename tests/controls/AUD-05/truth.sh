#!/bin/bash
# AUD-05 really done: see the truth of AUD-04, which does the work below and looks for its records.
# Prints compliant, pending or drifted, then why.
set -u
KEYS="scope MAC-policy system-locale time-change"
WORK="
file /etc/sudoers
folder /etc/sudoers.d
folder /etc/apparmor
folder /etc/apparmor.d
file /etc/issue
file /etc/issue.net
file /etc/hosts
file /etc/hostname
file /etc/networks
folder /etc/network
folder /etc/netplan
folder /etc/NetworkManager
link /etc/localtime
anybody sethostname
anybody setdomainname
anybody adjtimex 0
anybody settimeofday 0 0
anybody clock_settime 1 0
"
WORK="$WORK" KEYS="$KEYS" exec bash "${0%/*}/AUD-04.sh"
