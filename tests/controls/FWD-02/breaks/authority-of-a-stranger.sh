#!/bin/bash
# The certificate that the collector is recognised by was exchanged for a stranger's, with the same mode and time.
# kind: lock_removed
# image: gnome
# flips: FWD-02
# expect: drifted
# mends: no
set -eu
touch -r /etc/leeboard/collector-ca.pem /root/time
cat /root/lab-collector/stranger.pem >/etc/leeboard/collector-ca.pem
touch -r /root/time /etc/leeboard/collector-ca.pem
systemctl restart rsyslog
