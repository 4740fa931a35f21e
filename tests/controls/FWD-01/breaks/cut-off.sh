#!/bin/bash
# A file was only half copied, and rsyslogd stops reading its configuration there.
# kind: syntax
# image: gnome
# flips: FWD-01 FWD-02
# expect: error
# mends: no
set -eu
printf 'action(type="omfwd" target="' >/etc/rsyslog.d/00-a.conf
systemctl restart rsyslog
