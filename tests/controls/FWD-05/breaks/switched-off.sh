#!/bin/bash
# Somebody switched the time service off (timedatectl set-ntp false does this).
# kind: value
# image: both
# flips: FWD-05
# expect: drifted
set -eu
systemctl disable --now systemd-timesyncd
