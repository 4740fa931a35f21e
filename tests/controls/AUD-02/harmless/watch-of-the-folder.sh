#!/bin/bash
# The technician writes it as a watch, with a slash at the end and a key of his own.
# kind: value
# image: server
set -eu
sed -i /faillock/d /etc/audit/rules.d/*.rules
umask 027
echo '-w /run/faillock/ -p wa -k lockouts' >/etc/audit/rules.d/30-school.rules
augenrules --load
