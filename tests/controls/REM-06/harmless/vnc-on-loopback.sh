#!/bin/bash
# A VNC server that only the machine itself reaches, through SSH.
# kind: value
# image: server
set -eu
systemd-run --unit vnc Xtigervnc :1 -SecurityTypes None -localhost=1 -rfbport 5901
for _try in $(seq 100); do ss -Hltn 'sport = :5901' | grep -q . && break; sleep 0.2; done
