#!/bin/bash
# Somebody who could not sign in wrote into Leeboard's own file, which is read first.
# kind: value
# image: both
# flips: REM-10
# expect: drifted
set -eu
ours=/etc/ssh/sshd_config.d/00-leeboard.conf
{ echo 'MaxAuthTries 20'; grep -v '^MaxAuthTries' "$ours" || true; } >/root/ours
cp /root/ours "$ours"
rm /root/ours
systemctl reload ssh
