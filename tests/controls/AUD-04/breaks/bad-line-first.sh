#!/bin/bash
# A line with a word too much, in a file that is read first; the kernel still has the old rules.
# kind: syntax
# image: server
# flips: AUD-02 AUD-03 AUD-04 AUD-05 AUD-06 AUD-07
# expect: drifted
# mends: no
set -eu
umask 027
echo '-w /etc/motd -p wa -k motd please' >/etc/audit/rules.d/05-typo.rules
