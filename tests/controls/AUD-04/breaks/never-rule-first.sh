#!/bin/bash
# A rule that says never for all that root does in /etc is read first.
# kind: precedence
# image: server
# flips: AUD-04 AUD-05
# expect: drifted
# mends: no
set -eu
umask 027
echo '-a never,exit -F dir=/etc -F uid=0' >/etc/audit/rules.d/05-quiet.rules
augenrules --load
