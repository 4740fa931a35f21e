#!/bin/bash
# The folder for connections was given to the teachers' group, so that one of them could try something.
# kind: permission
# image: gnome
# flips: REM-05
# expect: drifted
set -eu
groupadd --force teachers
usermod --append --groups teachers teacher
cat >/etc/swanctl/conf.d/pools.conf <<'CONF'
pools {
}
CONF
chgrp teachers /etc/swanctl/conf.d /etc/swanctl/conf.d/pools.conf
chmod 0775 /etc/swanctl/conf.d
chmod 0664 /etc/swanctl/conf.d/pools.conf
systemctl reload strongswan
