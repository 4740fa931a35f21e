#!/bin/bash
# A cron job writes the kernel's release into /etc/motd.
# kind: value
# image: server
# flips: LBL-01
# expect: drifted
set -eu
uname -sr >/etc/motd
