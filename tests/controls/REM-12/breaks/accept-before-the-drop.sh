#!/bin/bash
# While looking for a fault somebody let everything in first, and forgot it.
# kind: precedence
# image: server
# flips: REM-12
# expect: drifted
set -eu
nft insert rule inet filter input counter accept
