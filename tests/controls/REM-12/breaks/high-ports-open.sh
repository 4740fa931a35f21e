#!/bin/bash
# For a game, all high ports were opened.
# kind: value
# image: server
# flips: REM-12
# expect: drifted
set -eu
nft add rule inet filter input udp dport 1024-65535 accept
nft add rule inet filter input tcp dport 1024-65535 accept
