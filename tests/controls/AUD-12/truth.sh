#!/bin/bash
# AUD-12 by auditd's own words: started in the foreground, in a namespace where it may not reach the kernel, it says
# what it reads line by line. What it has not read since the file changed is pending (its log tells of its reloads).
# Prints compliant, pending or drifted, then why. LEVEL is the device's level.
set -u
wrong="" unread=""

# shellcheck source=tests/controls/truth_auditd.sh
. "${0%/*}/truth_auditd.sh" || exit

read_as() { # read_as PARSER DEFAULT: what auditd read last
    local found
    found=$(sed -n "s/^$1_parser called with: //p" <<<"$said" | tail -1)
    found=${found:-$2}
    echo "${found,,}"
}
check() { # check NAME VALUE ACCEPTED...
    local name=$1 value=$2
    shift 2
    [[ " $* " == *" $value "* ]] || wrong+="$name is $value. "
}

ignore=()
[ "$LEVEL" != standard ] || ignore=(ignore)
check "a full log" "$(read_as max_log_size_action ignore)" rotate
check "a full disk" "$(read_as disk_full_action ignore)" rotate syslog "${ignore[@]}"
check "a failing disk" "$(read_as disk_error_action syslog)" syslog
check "little space" "$(read_as space_action ignore)" syslog rotate email exec
check "no space" "$(read_as admin_space_left_action ignore)" rotate syslog

if [ -n "$wrong" ]; then echo drifted; elif [ -n "$unread" ]; then echo pending; else echo compliant; fi
echo "$wrong$unread"
