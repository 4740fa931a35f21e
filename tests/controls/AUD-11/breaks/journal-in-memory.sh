#!/bin/bash
# Storage=volatile spares an old disk: the journal is gone after a restart.
# kind: value
# image: server
# flips: AUD-11
# expect: drifted
set -eu
mkdir -p /etc/systemd/journald.conf.d
printf '[Journal]\nStorage=volatile\n' >/etc/systemd/journald.conf.d/10-ram.conf
systemctl restart systemd-journald
