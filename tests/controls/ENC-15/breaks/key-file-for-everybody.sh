#!/bin/bash
# A key file was made under the usual umask.
# kind: value
# image: server
# flips: ENC-15
# expect: drifted
set -eu
mkdir -p /etc/keys
(umask 022; head -c 64 /dev/urandom > /etc/keys/srv.key)
echo 'srv UUID=00000000-1111-2222-3333-444444444444 /etc/keys/srv.key luks,nofail' >> /etc/crypttab
chown root:root /etc/crypttab
chmod 0644 /etc/crypttab
