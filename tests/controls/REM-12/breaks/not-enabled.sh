#!/bin/bash
# The service was disabled: the rules are there until the next restart.
# kind: not_loaded
# image: server
# flips: REM-12
# expect: drifted
set -eu
systemctl disable nftables
