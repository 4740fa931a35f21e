#!/bin/bash
# The rule was copied under root's umask 077, and polkit, which is not root, does not get to read it.
# kind: permission
# image: encrypted
# flips: ENC-11
# expect: drifted
set -eu
chmod 0600 /etc/polkit-1/rules.d/50-sticks.rules
systemctl restart polkit
