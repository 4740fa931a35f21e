#!/bin/bash
# chmod 666 /etc/issue: a pupil can change the notice.
# kind: permission
# image: server
# flips: LBL-01
# expect: drifted
set -eu
chmod 0666 /etc/issue
