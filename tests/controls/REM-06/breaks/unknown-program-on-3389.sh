#!/bin/bash
# A program that nobody knows listens where Remote Desktop is expected.
# kind: value
# image: server
# flips: REM-06
# expect: drifted
# mends: no
set -eu
systemctl stop xrdp
systemd-run --unit rdp python3 -m http.server 3389
for _try in $(seq 100); do ss -Hltn 'sport = :3389' | grep -q . && break; sleep 0.2; done
