#!/bin/bash
# The lines for /etc/passwd are gone from the files; the kernel has them until it restarts.
# kind: value
# image: server
# flips: AUD-04
# expect: drifted
set -eu
sed -i '/path=.etc.passwd /d' /etc/audit/rules.d/*.rules
