#!/bin/bash
# Somebody started dropbear beside sshd, where root gets in by password.
# kind: value
# image: server
# flips: REM-10
# expect: drifted
# mends: no
set -eu
mkdir -p /etc/dropbear
systemd-run --unit second-ssh /usr/sbin/dropbear -F -R -p 2222
for _try in $(seq 50); do ss -Hltn 'sport = :2222' | grep -q . && break; sleep 0.2; done
