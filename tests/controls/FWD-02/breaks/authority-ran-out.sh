#!/bin/bash
# The certificate that the collector is recognised by has run out.
# kind: value
# image: gnome
# flips: FWD-02
# expect: drifted
# mends: no
set -eu
cd /etc/leeboard
openssl req -x509 -key /root/lab-collector/ca.key -subj "/CN=Lab authority" -not_before 20240101000000Z \
    -not_after 20250101000000Z -addext basicConstraints=critical,CA:TRUE -out collector-ca.pem
systemctl restart rsyslog
