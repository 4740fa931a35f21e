#!/bin/bash
# xrdp.ini was put back as it is shipped: old encryption may be chosen.
# kind: value
# image: server
# flips: REM-06
# expect: drifted
set -eu
sed -i 's/^security_layer=.*/security_layer=negotiate/' /etc/xrdp/xrdp.ini
