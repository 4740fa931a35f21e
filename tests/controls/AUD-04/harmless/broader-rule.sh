#!/bin/bash
# One watch of all of /etc, for reading as well.
# kind: value
# image: server
set -eu
sed -i '/key=identity/d' /etc/audit/rules.d/*.rules
umask 027
echo '-w /etc -p rwa -k etc' >/etc/audit/rules.d/30-school.rules
augenrules --load
