#!/bin/bash
# A second sshd with a file of its own lets root in on another port.
# kind: precedence
# image: server
# flips: REM-10
# expect: drifted
# mends: no
set -eu
printf 'Port 2022\nPermitRootLogin yes\nPidFile none\n' >/root/sshd_config
systemd-run --unit second-ssh /usr/sbin/sshd -D -f /root/sshd_config
for _try in $(seq 50); do ss -Hltn 'sport = :2022' | grep -q . && break; sleep 0.2; done
