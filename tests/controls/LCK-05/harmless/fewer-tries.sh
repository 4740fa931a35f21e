#!/bin/bash
# Three tries, and an hour until the account opens again.
# kind: value
# image: server
set -eu
printf 'deny=3\nunlock_time\t3600 # an hour\n' >>/etc/security/faillock.conf
