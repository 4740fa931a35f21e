#!/bin/bash
# log_allowed is off: only what sudo refuses is logged.
# kind: value
# image: gnome
# flips: AUD-10
# expect: drifted
# mends: no
set -eu
echo 'Defaults !log_allowed' >/etc/sudoers.d/20-less
chmod 0440 /etc/sudoers.d/20-less
