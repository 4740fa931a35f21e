#!/bin/bash
# Somebody put a # before the lines for the time zone.
# kind: syntax
# image: server
# flips: AUD-05
# expect: drifted
set -eu
sed -i '/localtime/s/^/#/' /etc/audit/rules.d/*.rules
augenrules --load
