#!/bin/bash
# Typing badly on a Monday was a nuisance: fifty tries, in the last line of the file, which counts.
# kind: value
# image: server
# flips: LCK-05
# expect: drifted
set -eu
echo 'deny = 50' >>/etc/security/faillock.conf
