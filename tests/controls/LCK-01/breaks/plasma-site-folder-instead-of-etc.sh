#!/bin/bash
# A script of the site sends all sessions to a folder of its own, without /etc/xdg.
# kind: precedence
# image: plasma
# flips: LCK-01 LCK-02 LCK-04
# expect: drifted
# mends: no
set -eu
mkdir -p /opt/site/xdg /etc/xdg/plasma-workspace/env
printf '[Daemon]\nTimeout=60\n' >/opt/site/xdg/kscreenlockerrc
echo 'export XDG_CONFIG_DIRS=/opt/site/xdg' >/etc/xdg/plasma-workspace/env/site.sh
