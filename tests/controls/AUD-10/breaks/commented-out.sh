#!/bin/bash
# Somebody put a # before the lines.
# kind: syntax
# image: gnome
# flips: AUD-10
# expect: drifted
set -eu
sed -i '/sudo.log/s/^/#/' /etc/audit/rules.d/*.rules
