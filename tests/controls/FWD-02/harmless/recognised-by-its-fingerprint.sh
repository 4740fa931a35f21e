#!/bin/bash
# The collector is recognised by the fingerprint of its certificate.
# kind: value
# image: gnome
set -eu
print=$(openssl x509 -in /root/lab-collector/localhost.pem -noout -fingerprint -sha1)
sed -i -e "s|x509/name|x509/fingerprint|" \
    -e "s|Peers=\"localhost\"|Peers=\"SHA1:${print#*=}\"|" /etc/rsyslog.d/00-leeboard.conf
systemctl restart rsyslog
