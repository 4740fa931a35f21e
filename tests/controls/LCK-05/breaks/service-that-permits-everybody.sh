#!/bin/bash
# Typing the password for su was a nuisance: the first line of its file lets in anybody.
# kind: permission
# image: server
# flips: LCK-05
# expect: drifted
# mends: no
set -eu
sed -i '1i auth sufficient pam_permit.so' /etc/pam.d/su
