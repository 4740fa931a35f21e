#!/bin/bash
# /var/log/journal was removed to free space, and with it what makes the journal last.
# kind: not_loaded
# image: server
# flips: AUD-11
# expect: drifted
# also: AUD-01 pending, AUD-12 pending, AUD-13 pending
set -eu
sed -i '/^Storage=/d' /etc/systemd/journald.conf /etc/systemd/journald.conf.d/*.conf 2>/dev/null || true
rm -rf /var/log/journal
systemctl restart systemd-journald
