#!/bin/bash
# The daemon runs until the next restart of the machine, and then no more.
# kind: value
# image: gnome
# flips: FWD-01
# expect: drifted
set -eu
systemctl disable rsyslog.service
