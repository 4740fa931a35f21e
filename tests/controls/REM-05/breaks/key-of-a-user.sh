#!/bin/bash
# The private key belongs to a teacher, who made it in her own session, and its folder is open.
# kind: per_user
# image: gnome
# flips: REM-05
# expect: drifted
set -eu
echo 'not a real key' >/etc/swanctl/pkcs12/laptop.p12
chown teacher: /etc/swanctl/pkcs12/laptop.p12
chmod 0600 /etc/swanctl/pkcs12/laptop.p12
