#!/bin/bash
# The keys were moved, a link was left in the old place, and the copy was made under the usual umask by a helper.
# kind: value
# image: server
# flips: ENC-15
# expect: drifted
set -eu
mkdir -p /etc/keys /srv/keys
(umask 022; head -c 64 /dev/urandom > /srv/keys/srv.key)
chown teacher:root /srv/keys/srv.key
ln -s ../../srv/keys/srv.key /etc/keys/srv.key
echo 'srv UUID=00000000-1111-2222-3333-444444444444 /etc/keys/srv.key luks,nofail' >> /etc/crypttab
chown root:root /etc/crypttab
chmod 0644 /etc/crypttab
