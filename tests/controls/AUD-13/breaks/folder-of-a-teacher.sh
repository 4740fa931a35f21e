#!/bin/bash
# The folder was given to a teacher who looks after the machine.
# kind: permission
# image: server
# flips: AUD-13
# expect: drifted
set -eu
chown teacher /var/log/audit
