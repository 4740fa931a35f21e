#!/bin/bash
# The daemon was masked, as guides for saving disk space say.
# kind: not_loaded
# image: gnome
# flips: FWD-01
# expect: drifted
set -eu
systemctl mask --now rsyslog.service
