#!/bin/bash
# An included file outside the folder sends messages in plain text.
# kind: precedence
# image: gnome
# flips: FWD-02
# expect: drifted
# mends: no
set -eu
mkdir -p /etc/school
echo 'if prifilt("auth.*") then action(type="omfwd" target="127.0.0.2" port="514")' >/etc/school/more.conf
echo 'include(file="/etc/school/*.conf")' >/etc/rsyslog.d/70-more.conf
systemctl restart rsyslog
