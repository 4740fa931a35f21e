#!/bin/bash
# A hardening script closed the folder of polkit's rules to everybody but root, and polkit is not root.
# kind: permission
# image: encrypted
# flips: ENC-11
# expect: drifted
# mends: no
# No file in that folder would be read.
set -eu
chown root:root /etc/polkit-1/rules.d
chmod 0700 /etc/polkit-1/rules.d
systemctl restart polkit
