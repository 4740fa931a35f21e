#!/bin/bash
# The time service runs until the next restart of the machine only.
# kind: value
# image: both
# flips: FWD-05
# expect: drifted
set -eu
systemctl disable systemd-timesyncd
