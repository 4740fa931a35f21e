#!/bin/bash
# pam_motd also shows /etc/motd.d (pam_motd(8)): a package left a line with the system's name there.
# kind: precedence
# image: server
# flips: LBL-01
# expect: drifted
set -eu
mkdir -p /etc/motd.d
echo 'Welcome to Debian GNU/Linux 13 (trixie)' >/etc/motd.d/10-welcome
