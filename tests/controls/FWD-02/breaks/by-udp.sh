#!/bin/bash
# The protocol was changed to UDP, which cannot be encrypted.
# kind: value
# image: gnome
# flips: FWD-02
# expect: drifted
set -eu
sed -i 's/protocol="tcp"/protocol="udp"/' /etc/rsyslog.d/00-leeboard.conf
systemctl restart rsyslog
