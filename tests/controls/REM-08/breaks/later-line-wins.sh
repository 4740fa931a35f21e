#!/bin/bash
# A second line further down switches drives on again.
# kind: precedence
# image: server
# flips: REM-08
# expect: drifted
# mends: no
set -eu
sed -i 's/^rdpdr=.*/rdpdr=false\nRdpdr = yes/' /etc/xrdp/xrdp.ini
