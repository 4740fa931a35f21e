#!/bin/bash
# The mode says 0640 for networkd's group; an access list lets a pupil read the key as well.
# kind: per_user
# image: gnome
# flips: REM-05
# expect: drifted
set -eu
cat >/etc/systemd/network/90-spare.netdev <<'EOF'
[NetDev]
Name=spare
Kind=dummy

[WireGuard]
PrivateKey=GOBUc0rerywUVjy+ORBOcj24DiW3bFVkXm+ECW9+FUo=
EOF
chmod 0640 /etc/systemd/network/90-spare.netdev
chgrp systemd-network /etc/systemd/network/90-spare.netdev
setfacl -m u:pupil:r /etc/systemd/network/90-spare.netdev
