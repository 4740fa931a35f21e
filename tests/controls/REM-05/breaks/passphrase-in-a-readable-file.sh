#!/bin/bash
# swanctl.conf is 0644 as shipped; now the passphrase of the key stands in it.
# kind: permission
# image: gnome
# flips: REM-05
# expect: drifted
set -eu
cat >>/etc/swanctl/swanctl.conf <<'EOF'
secrets {
    private-laptop {
        file = laptop.pem
        secret = "readable by all"
    }
}
EOF
chmod 0644 /etc/swanctl/swanctl.conf
systemctl reload strongswan
