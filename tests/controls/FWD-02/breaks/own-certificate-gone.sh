#!/bin/bash
# The certificate that the device shows to the collector was deleted.
# kind: value
# image: gnome
# flips: FWD-02
# expect: drifted
# mends: no
set -eu
rm /etc/leeboard/collector-client.pem
systemctl restart rsyslog
