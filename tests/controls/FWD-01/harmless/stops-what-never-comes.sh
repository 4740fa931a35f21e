#!/bin/bash
# An earlier rule throws away what its filter never lets through.
# kind: precedence
# image: gnome
set -eu
echo 'mail.none stop' >/etc/rsyslog.d/00-aaa.conf
systemctl restart rsyslog
