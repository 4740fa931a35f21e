#!/bin/bash
# unlock_time = never: a pupil shuts a teacher out for good.
# kind: value
# image: server
# flips: LCK-05
# expect: drifted
set -eu
sed -i 's/^unlock_time.*/unlock_time = never/' /etc/security/faillock.conf
