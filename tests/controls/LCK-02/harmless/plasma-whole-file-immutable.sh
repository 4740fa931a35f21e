#!/bin/bash
# The mark stands on the first line, for the whole file.
# kind: precedence
# image: plasma
set -eu
printf '[$i]\n[Daemon]\nTimeout=5\n' >/etc/xdg/kscreenlockerrc
