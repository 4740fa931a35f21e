#!/bin/bash
# A contractor's L2TP, with the program for it: what protects it is a secret that all his customers know.
# kind: value
# image: gnome
# flips: REM-01
# expect: drifted
# also: REM-03 drifted, REM-04 drifted
# mends: no
set -eu
mkdir -p /etc/xl2tpd
cat >/etc/xl2tpd/xl2tpd.conf <<'EOF'
[global]
port = 1701

[lac contractor]
lns = vpn.contractor.example
ppp debug = no
pppoptfile = /etc/ppp/options.l2tpd.client
EOF
# A double of Debian's package xl2tpd: only that it is there is looked at.
printf '#!/bin/sh\nexec sleep infinity\n' >/usr/sbin/xl2tpd
chmod 0755 /usr/sbin/xl2tpd
