#!/bin/bash
# The collector is recognised by the fingerprint of its certificate.
# kind: value
# image: gnome
set -eu
print=$(openssl x509 -in /root/lab-collector/localhost.pem -noout -fingerprint -sha1)
sed -i "s|x509/name|x509/fingerprint|; s|Peers=\"localhost\"|Peers=\"SHA1:${print#*=}\"|" /etc/rsyslog.d/00-leeboard.conf
systemctl restart rsyslog
