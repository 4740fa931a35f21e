#!/bin/bash
# For truth scripts, which read this file: auditd's own words ($said) on its configuration, line by line, from a start in
# the foreground in a namespace where it may not reach the kernel. Sets $unread where the configuration was changed after
# the running auditd last read it (its log tells of its reloads), and adds to $wrong.

# shellcheck disable=SC2034 # the variables are for the script that reads this file

# One that needs nothing of the kernel (local_events = no) stays until it is told to end.
said=$(timeout 20 unshare --pid --fork --kill-child --mount --propagation private \
    sh -c 'mount -n -t tmpfs tmpfs /run && exec auditd -f -s nochange' 2>&1)
[ $? -ne 6 ] || wrong+="auditd does not take its configuration. "
loaded=$(cat /var/log/audit/audit.log /var/log/audit/audit.log.1 2>/dev/null |
    sed -n 's/^type=DAEMON_\(START\|CONFIG\) msg=audit(\([0-9]*\).*res=success.*/\2/p' | sort -n | tail -1)
changed=$(stat -c %Y /etc/audit/auditd.conf)
[ "$changed" -le "${loaded:-9999999999}" ] || unread="auditd has not read its configuration. "
