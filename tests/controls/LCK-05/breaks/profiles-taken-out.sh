#!/bin/bash
# A technician unlocked a teacher for good: the profiles are switched off, and the numbers stand in their file still.
# kind: not_loaded
# image: server
# flips: LCK-05
# expect: drifted
set -eu
DEBIAN_FRONTEND=noninteractive pam-auth-update --disable leeboard-faillock leeboard-faillock-count
