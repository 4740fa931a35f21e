#!/bin/bash
# A teacher's password was emptied for a supply teacher; GNOME does not lock such an account.
# kind: per_user
# image: gnome
# flips: LCK-01
# expect: drifted
# also: LCK-05 drifted
# mends: no
set -eu
passwd --delete teacher
