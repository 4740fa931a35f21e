#!/bin/bash
# A number that is none: pam_faillock logs it and keeps the one before it.
# kind: syntax
# image: gnome
set -eu
printf 'deny = many\nfail_interval = 9999999\n' >>/etc/security/faillock.conf
