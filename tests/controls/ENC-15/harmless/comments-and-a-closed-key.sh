#!/bin/bash
# Comments, blanks, and a key that only root may read.
# kind: value
# image: server
set -eu
mkdir -p /etc/keys
(umask 077; head -c 64 /dev/urandom > /etc/keys/srv.key)
chmod 0400 /etc/keys/srv.key
printf '# srv UUID=1 /etc/passwd luks\n\n' >> /etc/crypttab
printf '  srv   UUID=00000000-1111-2222-3333-444444444444\t/etc/keys/srv.key  luks,nofail\n' >> /etc/crypttab
chmod 0600 /etc/crypttab
