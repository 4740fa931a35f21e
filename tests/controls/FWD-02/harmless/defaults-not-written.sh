#!/bin/bash
# What rsyslogd does by itself need not be written.
# kind: value
# image: gnome
set -eu
sed -i 's/streamDriverAuthMode="x509\/name" streamDriverPermittedPeers="localhost"//' /etc/rsyslog.d/00-leeboard.conf
systemctl restart rsyslog
