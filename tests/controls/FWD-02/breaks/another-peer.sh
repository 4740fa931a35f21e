#!/bin/bash
# Another machine may be the collector as well.
# kind: value
# image: gnome
# flips: FWD-02
# expect: drifted
set -eu
sed -i 's/PermittedPeers="localhost"/PermittedPeers="localhost,other.example"/' /etc/rsyslog.d/00-leeboard.conf
systemctl restart rsyslog
