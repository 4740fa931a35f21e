#!/bin/bash
# At level high the clipboard passes.
# kind: value
# image: server
# level: high
# flips: REM-08
# expect: drifted
# mends: no
set -eu
sed -i 's/^cliprdr=.*/cliprdr=true/' /etc/xrdp/xrdp.ini
