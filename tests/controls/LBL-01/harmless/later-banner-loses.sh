#!/bin/bash
# A later drop-in says Banner none; the first value counts.
# kind: precedence
# image: server
set -eu
echo 'Banner none' >/etc/ssh/sshd_config.d/zz-late.conf
systemctl reload ssh
