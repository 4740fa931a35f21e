#!/bin/bash
# /etc/issue.net was emptied.
# kind: value
# image: server
# flips: LBL-01
# expect: drifted
set -eu
: >/etc/issue.net
