#!/bin/bash
# The line for systemd-tmpfiles went: /run/faillock is missing at the next start, and every rule behind it with it.
# kind: not_loaded
# image: server
# flips: AUD-02 AUD-03 AUD-04 AUD-05 AUD-06 AUD-07
# expect: drifted
set -eu
grep -rl faillock /etc/tmpfiles.d | xargs sed -i /faillock/d
