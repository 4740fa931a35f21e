#!/bin/bash
# The list exclude drops the records of system calls.
# kind: precedence
# image: server
# flips: AUD-02 AUD-03 AUD-04 AUD-05 AUD-06 AUD-07
# expect: drifted
# mends: no
set -eu
umask 027
echo '-a always,exclude -F msgtype=SYSCALL' >/etc/audit/rules.d/99-quiet.rules
augenrules --load
