#!/bin/bash
# rsyslog was switched off for good, and goes on sending in plain text until somebody starts the machine again.
# kind: not_loaded
# image: gnome
# flips: FWD-01 FWD-02
# expect: drifted
set -eu
sed -i 's/protocol="tcp"/protocol="udp"/' /etc/rsyslog.d/00-leeboard.conf
systemctl restart rsyslog
systemctl disable rsyslog.service
