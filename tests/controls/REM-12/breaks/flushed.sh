#!/bin/bash
# The rules were flushed at run time; the file is right.
# kind: not_loaded
# image: server
# flips: REM-12
# expect: drifted
set -eu
nft flush ruleset
