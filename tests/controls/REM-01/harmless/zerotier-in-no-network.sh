#!/bin/bash
# ZeroTier is there, with an identity of its own, and is in no network.
# kind: value
# image: gnome
set -eu
# A double of ZeroTier, which Debian does not have: its program and its folder.
printf '#!/bin/sh\nexec sleep infinity\n' >/usr/sbin/zerotier-one
chmod 0755 /usr/sbin/zerotier-one
mkdir -p /var/lib/zerotier-one/networks.d
echo '8056c2e21c:0:none' >/var/lib/zerotier-one/identity.public
