#!/bin/bash
# Answers of name servers were let in by their port, and with them everybody who sends from it.
# kind: value
# image: server
# flips: REM-12
# expect: drifted
set -eu
nft add rule inet filter input tcp sport 53 accept
