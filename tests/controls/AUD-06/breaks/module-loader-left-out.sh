#!/bin/bash
# A rule that says never for kmod is read first.
# kind: precedence
# image: server
# flips: AUD-06
# expect: drifted
# mends: no
set -eu
umask 027
echo '-a never,exit -F exe=/usr/bin/kmod' >/etc/audit/rules.d/05-quiet.rules
augenrules --load
