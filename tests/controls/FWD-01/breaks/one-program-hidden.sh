#!/bin/bash
# Messages of sudo are thrown away before they are sent.
# kind: precedence
# image: gnome
# flips: FWD-01
# expect: drifted
# mends: no
set -eu
echo ':programname, isequal, "sudo" stop' >/etc/rsyslog.d/00-aaa.conf
systemctl restart rsyslog
