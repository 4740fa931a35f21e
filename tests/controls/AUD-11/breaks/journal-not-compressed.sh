#!/bin/bash
# A package's drop-in switches compression off.
# kind: precedence
# image: server
# flips: AUD-11
# expect: drifted
set -eu
mkdir -p /usr/lib/systemd/journald.conf.d
printf '[Journal]\nCompress=0\n' >/usr/lib/systemd/journald.conf.d/90-fast.conf
systemctl restart systemd-journald
