#!/bin/bash
# A slip in the file: nothing will be loaded at the next start.
# kind: syntax
# image: server
# flips: REM-12
# expect: error
# mends: no
set -eu
sed -i 's/tcp dport 22 accept/tcp dprot 22 accept/' /etc/nftables.conf
