#!/bin/bash
# crypttab was emptied and the start-up image made again: nothing opens the disk at the next start.
# kind: not_loaded
# image: encrypted
# flips: ENC-03
# expect: drifted
# mends: no
set -eu
cp -a /etc/crypttab /etc/crypttab.before
: > /etc/crypttab
update-initramfs -u
cp -a /etc/crypttab.before /etc/crypttab
