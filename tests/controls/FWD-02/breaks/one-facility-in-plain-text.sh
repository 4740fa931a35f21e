#!/bin/bash
# Messages about sign-ins go to another machine as well, in plain text.
# kind: value
# image: gnome
# flips: FWD-02
# expect: drifted
# mends: no
set -eu
echo 'auth,authpriv.* @@127.0.0.2:514' >/etc/rsyslog.d/60-siem.conf
systemctl restart rsyslog
