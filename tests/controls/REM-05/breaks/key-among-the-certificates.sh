#!/bin/bash
# The laptop's private key was copied into the folder of the certificates, which everybody may read.
# kind: value
# image: gnome
# flips: REM-05
# expect: drifted
set -eu
openssl genpkey -algorithm ed25519 -out /etc/swanctl/x509/laptop.pem
chmod 0644 /etc/swanctl/x509/laptop.pem
