#!/bin/bash
# Only messages about sign-ins are sent any more, to save the line.
# kind: value
# image: gnome
# flips: FWD-01
# expect: drifted
set -eu
sed -i 's/^action(/auth,authpriv.* action(/' /etc/rsyslog.d/00-leeboard.conf
systemctl restart rsyslog
