#!/bin/bash
# The old form -w -p -k, in one file, with keys of the school.
# kind: value
# image: server
set -eu
sed -i '/key=identity/d' /etc/audit/rules.d/*.rules
umask 027
for path in group passwd gshadow shadow security/opasswd nsswitch.conf pam.conf pam.d/; do
    echo "-w /etc/$path -p aw -k people"
done >/etc/audit/rules.d/30-school.rules
augenrules --load
