#!/bin/bash
# The same keywords in another case, with equals signs, comments and another order.
# kind: value
# image: server
set -eu
sed -i -E 's/^PermitRootLogin .*/permitrootlogin=no # never/; s/^MaxAuthTries .*/  MAXAUTHTRIES 4/' \
    /etc/ssh/sshd_config.d/10-school.conf
sort -r -o /etc/ssh/sshd_config.d/10-school.conf /etc/ssh/sshd_config.d/10-school.conf
systemctl reload ssh
