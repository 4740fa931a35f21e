#!/bin/bash
# The technician moved the lines to a file of his own.
# kind: value
# image: gnome
set -eu
umask 027
grep -h 'key=perm_chng' /etc/audit/rules.d/*.rules >/root/moved
sed -i '/key=perm_chng/d' /etc/audit/rules.d/*.rules
mv /root/moved /etc/audit/rules.d/60-school.rules
