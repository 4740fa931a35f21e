#!/bin/bash
# auditd was restarted: another process, the same records.
# kind: not_loaded
# image: server
set -eu
systemctl restart auditd
until [ "$(auditctl -s | sed -n 's/^pid //p')" != 0 ]; do sleep 0.2; done
