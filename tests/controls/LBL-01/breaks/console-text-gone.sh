#!/bin/bash
# /etc/issue was deleted.
# kind: value
# image: server
# flips: LBL-01
# expect: drifted
set -eu
rm /etc/issue
