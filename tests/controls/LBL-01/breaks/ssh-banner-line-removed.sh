#!/bin/bash
# Somebody took the Banner line out, wherever it stood, and reloaded sshd.
# kind: value
# image: server
# flips: LBL-01
# expect: drifted
set -eu
grep -rilE '^[[:space:]]*banner' /etc/ssh/sshd_config /etc/ssh/sshd_config.d | xargs -r sed -i -E '/^[[:space:]]*banner/Id'
systemctl reload ssh
