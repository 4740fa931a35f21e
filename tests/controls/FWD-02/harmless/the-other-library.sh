#!/bin/bash
# OpenSSL's module does the same as that of GnuTLS.
# kind: value
# image: gnome
set -eu
sed -i 's/streamDriver="gtls"/streamDriver="ossl"/' /etc/rsyslog.d/00-leeboard.conf
systemctl restart rsyslog
