#!/bin/bash
# -a task,never, as Fedora ships it to switch system calls off.
# kind: precedence
# image: server
# flips: AUD-02 AUD-03 AUD-04 AUD-05 AUD-06 AUD-07
# expect: drifted
# mends: no
set -eu
umask 027
echo '-a task,never' >/etc/audit/rules.d/05-quiet.rules
augenrules --load
