#!/bin/bash
# One small network of administrators may do everything.
# kind: precedence
# image: server
set -eu
nft add rule inet filter input ip saddr 10.20.30.0/28 accept
