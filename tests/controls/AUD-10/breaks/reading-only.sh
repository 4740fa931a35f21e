#!/bin/bash
# perm=wa became perm=r.
# kind: value
# image: gnome
# flips: AUD-10
# expect: drifted
set -eu
sed -i '/sudo.log/s/perm=wa/perm=r/' /etc/audit/rules.d/*.rules
