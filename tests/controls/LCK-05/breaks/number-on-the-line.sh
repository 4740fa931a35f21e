#!/bin/bash
# A number on PAM's lines, which beats the file.
# kind: precedence
# image: server
# flips: LCK-05
# expect: drifted
# mends: no
set -eu
sed -i 's/pam_faillock.so \(preauth\|authfail\).*/pam_faillock.so \1 deny=40/' /etc/pam.d/common-auth
