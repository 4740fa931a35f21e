#!/bin/bash
# Whoever has a certificate of the same authority can be the collector.
# kind: value
# image: gnome
# flips: FWD-02
# expect: drifted
set -eu
sed -i -e 's/streamDriverAuthMode="x509\/name"/streamDriverAuthMode="x509\/certvalid"/' \
    -e 's/streamDriverPermittedPeers="localhost"//' /etc/rsyslog.d/00-leeboard.conf
systemctl restart rsyslog
