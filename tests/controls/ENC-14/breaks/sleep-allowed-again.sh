#!/bin/bash
# Somebody took the line that forbids sleep out again.
# kind: value
# image: encrypted
# flips: ENC-14
# expect: drifted
set -eu
sed -i 's/^AllowSuspend=/#&/' /etc/systemd/sleep.conf.d/school.conf
