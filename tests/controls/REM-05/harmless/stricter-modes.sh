#!/bin/bash
# 0400 and 0500 are stricter than 0600 and 0700.
# kind: permission
# image: gnome
set -eu
cat >/etc/swanctl/conf.d/key.conf <<'EOF'
secrets {
    private-laptop {
        file = laptop.pem
        secret = "for the key only"
    }
}
EOF
chmod 0400 /etc/swanctl/conf.d/key.conf
chmod 0500 /etc/swanctl/private
systemctl reload strongswan
