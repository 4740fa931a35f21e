#!/bin/bash
# The table was put to sleep; it is still listed.
# kind: not_loaded
# image: server
# flips: REM-12
# expect: drifted
set -eu
nft 'add table inet filter { flags dormant; }' 
