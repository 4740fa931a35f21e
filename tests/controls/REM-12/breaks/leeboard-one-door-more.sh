#!/bin/bash
# For a remote desktop a port was opened in the kernel, before all that Leeboard wrote.
# kind: precedence
# image: plasma
# level: standard
# flips: REM-12
# expect: drifted
set -eu
nft insert rule inet leeboard input tcp dport 3389 accept
