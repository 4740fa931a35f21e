#!/bin/bash
# auditctl -D: the files are as they were, and nothing is recorded.
# kind: not_loaded
# image: server
# flips: AUD-02 AUD-03 AUD-04 AUD-05 AUD-06 AUD-07
# expect: drifted
set -eu
auditctl -D
