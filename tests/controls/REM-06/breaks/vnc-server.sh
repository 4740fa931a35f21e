#!/bin/bash
# Somebody started a VNC server without a password.
# kind: value
# image: server
# flips: REM-06
# expect: drifted
set -eu
systemd-run --unit vnc Xtigervnc :1 -SecurityTypes None -localhost=0 -rfbport 5901
for _try in $(seq 100); do ss -Hltn 'sport = :5901' | grep -q . && break; sleep 0.2; done
