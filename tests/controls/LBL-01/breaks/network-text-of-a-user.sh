#!/bin/bash
# /etc/issue.net belongs to a teacher.
# kind: permission
# image: server
# flips: LBL-01
# expect: drifted
set -eu
chown teacher /etc/issue.net
