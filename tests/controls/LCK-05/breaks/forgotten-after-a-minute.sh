#!/bin/bash
# Failures of more than a minute ago do not count, so that whoever guesses slowly goes on for ever.
# kind: value
# image: gnome
# flips: LCK-05
# expect: drifted
set -eu
sed -i 's/^fail_interval.*/fail_interval = 60/' /etc/security/faillock.conf
