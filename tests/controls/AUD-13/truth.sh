#!/bin/bash
# AUD-13 by trying: a pupil and a teacher must get no word of the logs and the configuration, and be able to change none
# of auditd's programs. Groups are looked at with find, and auditd must take its configuration.
# Prints compliant, pending or drifted, then why. LEVEL is the device's level.
set -u
wrong="" unread=""

for person in pupil teacher; do
    runuser -u "$person" -- ls /var/log/audit >/dev/null 2>&1 && wrong+="$person may list the logs. "
    for file in /etc/audit/*.conf /etc/audit/*.rules /etc/audit/rules.d/*.rules /etc/audit/plugins.d/*.conf; do
        runuser -u "$person" -- cat "$file" >/dev/null 2>&1 && wrong+="$person may read $file. "
    done
    for file in /usr/sbin/audit{d,ctl} /usr/sbin/au{report,search,genrules} /etc/audit{,/rules.d,/plugins.d}; do
        runuser -u "$person" -- test -w "$file" && wrong+="$person may change $file. "
    done
done
open=$(find /var/log/audit -maxdepth 1 -type f \
    \( ! -user root -o -perm /0137 -o \( -perm /0070 ! -group root ! -group adm \) \))
[ -z "$open" ] || wrong+="$(tr '\n' ' ' <<<"$open")is open. "
open=$(find /var/log/audit -maxdepth 0 \( ! -user root -o -perm /0027 -o \( ! -group root ! -group adm \) \))
[ -z "$open" ] || wrong+="the folder of the logs is open. "
open=$(find /etc/audit -type f \( -name '*.conf' -o -name '*.rules' \) \
    \( ! -user root -o ! -group root -o -perm /0137 \))
[ -z "$open" ] || wrong+="$(tr '\n' ' ' <<<"$open")is open. "
open=$(find -L /usr/sbin/auditd /usr/sbin/auditctl /usr/sbin/aureport /usr/sbin/ausearch /usr/sbin/augenrules \
    \( ! -user root -o -perm /7022 \))
[ -z "$open" ] || wrong+="$(tr '\n' ' ' <<<"$open")may be changed. "

# shellcheck source=tests/controls/truth_auditd.sh
. "${0%/*}/truth_auditd.sh" || exit
group=$(sed -n 's/^log_group_parser called with: //p' <<<"$said" | tail -1)
case ${group:-root} in adm | root | 0 | 4) ;; *) wrong+="the next log is for group $group. " ;; esac

if [ -n "$wrong" ]; then echo drifted; elif [ -n "$unread" ]; then echo pending; else echo compliant; fi
echo "$wrong$unread"
