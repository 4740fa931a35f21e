#!/bin/bash
# A bad line behind -i: auditctl goes on and ends well.
# kind: syntax
# image: server
set -eu
umask 027
printf -- '-i\n-w /gone/x -p wa\n' >/etc/audit/rules.d/05-school.rules
augenrules --load
