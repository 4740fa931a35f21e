#!/bin/bash
# auditd is enabled and runs, and a drop-in lets it start only where a file is that nobody ever made.
# kind: not_loaded
# image: server
# flips: AUD-01
# expect: drifted
# mends: no
set -eu
mkdir -p /etc/systemd/system/auditd.service.d
printf '[Unit]\nConditionPathExists=/etc/audit/on-duty\n' >/etc/systemd/system/auditd.service.d/10-later.conf
