#!/bin/bash
# The lines for deletions are gone from the files; the kernel is locked and still has them.
# kind: not_loaded
# image: gnome
# flips: AUD-07
# expect: drifted
set -eu
sed -i '/key=delete/d' /etc/audit/rules.d/*.rules
