#!/bin/bash
# A rule that says never for setfacl will be read first.
# kind: precedence
# image: gnome
# flips: AUD-08
# expect: drifted
# mends: no
set -eu
umask 027
echo '-a never,exit -F exe=/usr/bin/setfacl' >/etc/audit/rules.d/05-quiet.rules
