#!/bin/bash
# Somebody stopped the daemon that sends the logs, before doing what must not be seen.
# kind: not_loaded
# image: gnome
# flips: FWD-01
# expect: drifted
set -eu
systemctl stop syslog.socket rsyslog.service
