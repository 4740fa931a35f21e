#!/bin/bash
# A tilde of the older language throws a facility away before it is sent.
# kind: precedence
# image: gnome
# flips: FWD-01
# expect: drifted
# mends: no
set -eu
printf 'auth,authpriv.*\t/var/log/secret.log\n& ~\n' >/etc/rsyslog.d/00-aaa.conf
systemctl restart rsyslog
