#!/bin/bash
# A package put a fragment into /etc/issue.d; agetty shows it after /etc/issue (agetty(8)).
# kind: precedence
# image: server
# flips: LBL-01
# expect: drifted
set -eu
mkdir -p /etc/issue.d
printf 'Web console on \\s \\r: https://\\n:9090/\n' >/etc/issue.d/cockpit.issue
