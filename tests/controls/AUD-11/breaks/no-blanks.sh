#!/bin/bash
# num_logs=64 without blanks: auditd does not take the file, and will not start with it.
# kind: syntax
# image: server
# flips: AUD-01 AUD-11 AUD-12 AUD-13
# expect: error
# mends: no
set -eu
sed -i 's/^num_logs = /num_logs=/' /etc/audit/auditd.conf
