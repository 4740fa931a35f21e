#!/bin/bash
# chmod 644, so that a program of the technicians can read the log.
# kind: permission
# image: server
# flips: AUD-13
# expect: drifted
set -eu
chmod 0755 /var/log/audit
chmod 0644 /var/log/audit/audit.log
