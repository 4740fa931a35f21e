#!/bin/bash
# Nobody looks at the certificate of the collector any more.
# kind: value
# image: gnome
# flips: FWD-02
# expect: drifted
set -eu
sed -i -e 's/streamDriverAuthMode="x509\/name"/streamDriverAuthMode="anon"/' \
    -e 's/streamDriverPermittedPeers="localhost"//' /etc/rsyslog.d/00-leeboard.conf
systemctl restart rsyslog
