#!/bin/bash
# A clean-up script masked auditd; it still runs, and can never be started again.
# kind: lock_removed
# image: server
# flips: AUD-01
# expect: drifted
set -eu
systemctl mask --quiet auditd
