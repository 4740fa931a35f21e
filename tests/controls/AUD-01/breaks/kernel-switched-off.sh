#!/bin/bash
# auditctl -e 0 while somebody measured, and nobody switched it on again; the daemon runs and gets nothing.
# kind: not_loaded
# image: server
# flips: AUD-01
# also: AUD-02 drifted, AUD-03 drifted, AUD-04 drifted, AUD-05 drifted, AUD-06 drifted, AUD-07 drifted
# expect: drifted
# mends: no
set -eu
auditctl -e 0 >/dev/null
