#!/bin/bash
# A how-to was followed for the console alone: it asks pam_unix itself, and nothing counts there.
# kind: precedence
# image: server
# flips: LCK-05
# expect: drifted
# mends: no
set -eu
sed -i 's/^@include common-auth/auth required pam_unix.so/' /etc/pam.d/login
