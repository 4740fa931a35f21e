#!/bin/bash
# -c is gone: one bad line would take all rules behind it away.
# kind: value
# image: gnome
# flips: AUD-14
# expect: drifted
set -eu
sed -i '/^-c/d' /etc/audit/rules.d/*.rules
