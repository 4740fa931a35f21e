#!/bin/bash
# The action was put into a ruleset, and nobody calls it.
# kind: value
# image: gnome
# flips: FWD-01
# expect: drifted
set -eu
{ echo 'ruleset(name="away") {'; cat /etc/rsyslog.d/00-leeboard.conf; echo '}'; } >/root/away
mv /root/away /etc/rsyslog.d/00-leeboard.conf
systemctl restart rsyslog
