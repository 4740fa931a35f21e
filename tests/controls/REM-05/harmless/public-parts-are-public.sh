#!/bin/bash
# Certificates and a configuration without a secret are readable by everybody.
# kind: permission
# image: gnome
set -eu
echo 'not a real certificate' >/etc/swanctl/x509/laptop.pem
chmod 0644 /etc/swanctl/x509/laptop.pem
cat >/etc/swanctl/conf.d/pools.conf <<'EOF'
pools {
}
EOF
chmod 0644 /etc/swanctl/conf.d/pools.conf
systemctl reload strongswan
