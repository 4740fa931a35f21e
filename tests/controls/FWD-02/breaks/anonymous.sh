#!/bin/bash
# Nobody looks at the certificate of the collector any more.
# kind: value
# image: gnome
# flips: FWD-02
# expect: drifted
set -eu
sed -i 's/streamDriverAuthMode="x509\/name" streamDriverPermittedPeers="localhost"/streamDriverAuthMode="anon"/' /etc/rsyslog.d/00-leeboard.conf
systemctl restart rsyslog
