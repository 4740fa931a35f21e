#!/bin/bash
# auditd was stopped while somebody looked for what fills the disk, and never started again.
# kind: not_loaded
# image: server
# flips: AUD-01
# expect: drifted
set -eu
systemctl stop auditd
until ! pgrep -x auditd >/dev/null; do sleep 0.2; done
