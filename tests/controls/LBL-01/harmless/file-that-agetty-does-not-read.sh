#!/bin/bash
# agetty reads only names ending in .issue from /etc/issue.d.
# kind: precedence
# image: server
set -eu
mkdir -p /etc/issue.d
echo 'Debian GNU/Linux 13' >/etc/issue.d/README
