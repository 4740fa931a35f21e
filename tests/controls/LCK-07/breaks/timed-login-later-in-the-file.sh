#!/bin/bash
# A second [daemon] group at the end of the file switches timed sign-in on; the last value counts (GKeyFile).
# kind: precedence
# image: gnome
# flips: LCK-07
# expect: drifted
set -eu
printf '\n[daemon]\nTimedLoginEnable = True\nTimedLogin = pupil\nTimedLoginDelay = 10\n' >>/etc/gdm3/daemon.conf
