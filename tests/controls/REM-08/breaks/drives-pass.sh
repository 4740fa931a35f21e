#!/bin/bash
# Drives pass through xrdp again, as it is shipped.
# kind: value
# image: server
# flips: REM-08
# expect: drifted
# mends: no
set -eu
sed -i 's/^rdpdr=.*/rdpdr=true/' /etc/xrdp/xrdp.ini
