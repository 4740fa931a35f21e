#!/bin/bash
# auditctl -e 0 while somebody measured, and nobody switched it on again; the daemon runs and gets nothing.
# kind: not_loaded
# image: server
# flips: AUD-01
# expect: drifted
# mends: no
set -eu
auditctl -e 0 >/dev/null
