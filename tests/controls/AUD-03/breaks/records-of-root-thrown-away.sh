#!/bin/bash
# The list user drops what daemons of root send: sshd, login and PAM.
# kind: precedence
# image: server
# flips: AUD-02 AUD-03
# expect: drifted
# mends: no
set -eu
umask 027
echo '-a never,user -F uid=0' >/etc/audit/rules.d/01-quiet.rules
augenrules --load
