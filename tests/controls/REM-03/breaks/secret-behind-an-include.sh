#!/bin/bash
# The shared secret stands in a folder of its own, which a file of conf.d includes: nobody looks there.
# kind: precedence
# image: gnome
# flips: REM-03
# expect: drifted
# mends: no
set -eu
mkdir -m 0700 /etc/swanctl/sites
cat >/etc/swanctl/sites/north.conf <<'CONF'
secrets {
    ike-north {
        id = north.example
        secret = "the same on every laptop"
    }
}
CONF
chmod 0600 /etc/swanctl/sites/north.conf
echo 'include /etc/swanctl/sites/*.conf' >/etc/swanctl/conf.d/sites.conf
systemctl reload strongswan
