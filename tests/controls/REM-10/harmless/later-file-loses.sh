#!/bin/bash
# A file with a higher name says otherwise; for sshd the first value counts.
# kind: precedence
# image: server
set -eu
printf 'PermitRootLogin yes\nMaxAuthTries 99\n' >/etc/ssh/sshd_config.d/99-late.conf
systemctl reload ssh
