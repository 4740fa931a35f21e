#!/bin/bash
# A folder before /etc/xdg says an hour, and loses against the immutable group.
# kind: precedence
# image: plasma
set -eu
mkdir -p /opt/site/xdg /etc/xdg/plasma-workspace/env
printf '[Daemon]\nTimeout=60\n' >/opt/site/xdg/kscreenlockerrc
echo 'export XDG_CONFIG_DIRS=/opt/site/xdg:${XDG_CONFIG_DIRS:-/etc/xdg}' >/etc/xdg/plasma-workspace/env/site.sh
