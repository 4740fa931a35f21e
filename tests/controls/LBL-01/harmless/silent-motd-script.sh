#!/bin/bash
# A script of the school's own prints the day's menu after sign-in.
# kind: precedence
# image: server
set -eu
mkdir -p /etc/update-motd.d
printf '#!/bin/sh\necho "Lunch: soup"\n' >/etc/update-motd.d/50-lunch
chmod 0755 /etc/update-motd.d/50-lunch
