#!/bin/bash
# ChannelTimeout was taken out, so an idle session stays for ever.
# kind: value
# image: server
# flips: REM-07
# expect: drifted
set -eu
sed -i '/^ChannelTimeout/d' /etc/ssh/sshd_config.d/10-school.conf
systemctl reload ssh
