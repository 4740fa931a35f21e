#!/bin/bash
# The rule of a guide that knows mount alone: mount of today makes other calls.
# kind: value
# image: server
# flips: AUD-07
# expect: drifted
set -eu
sed -i 's/-S mount,fsmount,move_mount,mount_setattr/-S mount/' /etc/audit/rules.d/*.rules
augenrules --load
