#!/bin/bash
# Somebody flushed all rules while he looked for a fault; file and unit are as they were.
# kind: not_loaded
# image: plasma
# level: standard
# flips: REM-12
# expect: drifted
set -eu
nft flush ruleset
