#!/bin/bash
# The package with the module for TLS lost its file, and rsyslogd starts all the same.
# kind: not_loaded
# image: gnome
# flips: FWD-01 FWD-02
# expect: drifted
# mends: no
set -eu
rm /usr/lib/*/rsyslog/lmnsd_gtls.so
systemctl restart rsyslog
