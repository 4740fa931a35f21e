#!/bin/bash
# The certificate that the collector is recognised by was deleted.
# kind: value
# image: gnome
# flips: FWD-02
# expect: drifted
# mends: no
set -eu
rm /etc/leeboard/collector-ca.pem
systemctl restart rsyslog
