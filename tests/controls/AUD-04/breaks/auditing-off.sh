#!/bin/bash
# auditctl -e 0: the rules are there, and nothing is recorded.
# kind: value
# image: server
# flips: AUD-01 AUD-02 AUD-03 AUD-04 AUD-05 AUD-06 AUD-07
# expect: drifted
set -eu
auditctl -e 0
