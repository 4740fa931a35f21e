#!/bin/bash
# Somebody put a # before the lines.
# kind: syntax
# image: gnome
# flips: AUD-09
# expect: drifted
set -eu
sed -i '/admin_home_user/s/^/#/' /etc/audit/rules.d/*.rules
