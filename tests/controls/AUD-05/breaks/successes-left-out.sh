#!/bin/bash
# A rule for successful changes that says never is read first.
# kind: precedence
# image: server
# flips: AUD-05
# expect: drifted
# mends: no
set -eu
umask 027
echo '-a never,exit -F path=/etc/sudoers -F success=1' >/etc/audit/rules.d/05-quiet.rules
augenrules --load
