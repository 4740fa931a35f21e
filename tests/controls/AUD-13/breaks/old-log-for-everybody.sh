#!/bin/bash
# An old log was unpacked from a backup with the umask of its owner.
# kind: permission
# image: server
# flips: AUD-13
# expect: drifted
set -eu
cp /var/log/audit/audit.log /var/log/audit/audit.log.40
chmod 0644 /var/log/audit/audit.log.40
