#!/bin/bash
# The same group stands in kdeglobals, which is read first, with right values.
# kind: precedence
# image: plasma
set -eu
printf '[Daemon][$i]\nTimeout=4\n' >>/etc/xdg/kdeglobals
chmod 0644 /etc/xdg/kdeglobals
