#!/bin/bash
# The technician moved the lines to a file that is read later.
# kind: value
# image: gnome
set -eu
umask 027
grep -h 'sudo.log' /etc/audit/rules.d/*.rules >/root/moved
sed -i '/sudo.log/d' /etc/audit/rules.d/*.rules
mv /root/moved /etc/audit/rules.d/70-school.rules
