#!/bin/bash
# A teacher brought the key of the projector's disk along in his own folder, and crypttab names it there.
# kind: permission
# image: server
# flips: ENC-15
# expect: drifted
# mends: no
# Whoever owns the folder could put another file in its place, so the file is left alone.
set -eu
(umask 022; head -c 64 /dev/urandom > /home/teacher/projector.key)
chown teacher:teacher /home/teacher/projector.key
echo 'srv UUID=00000000-1111-2222-3333-444444444444 /home/teacher/projector.key luks,nofail' >> /etc/crypttab
chown root:root /etc/crypttab
chmod 0644 /etc/crypttab
