#!/bin/bash
# The time service was masked.
# kind: not_loaded
# image: both
# flips: FWD-05
# expect: drifted
set -eu
systemctl mask --now systemd-timesyncd
