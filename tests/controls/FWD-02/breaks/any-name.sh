#!/bin/bash
# Whoever has a certificate of the same authority can be the collector.
# kind: value
# image: gnome
# flips: FWD-02
# expect: drifted
set -eu
sed -i 's/streamDriverAuthMode="x509\/name" streamDriverPermittedPeers="localhost"/streamDriverAuthMode="x509\/certvalid"/' /etc/rsyslog.d/00-leeboard.conf
systemctl restart rsyslog
