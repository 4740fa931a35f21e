#!/bin/bash
# The unit was disabled: the rules are there until the next restart.
# kind: not_loaded
# image: plasma
# level: standard
# flips: REM-12
# expect: drifted
set -eu
systemctl disable leeboard-firewall.service
