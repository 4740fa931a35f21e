#!/bin/bash
# A rules file was written by hand: everybody can read what is not watched.
# kind: permission
# image: server
# flips: AUD-13
# expect: drifted
set -eu
chmod 0644 /etc/audit/auditd.conf /etc/audit/rules.d/*.rules
