#!/bin/bash
# AUD-06 really done: see the truth of AUD-04, which does the work below and looks for its records.
# Prints compliant, pending or drifted, then why.
set -u
KEYS="user_emulation privileged kernel_modules"
WORK="
rights /usr/bin/su
start /usr/bin/kmod
people init_module 0 0 0
people finit_module -1 0 0
people delete_module MARK 0
setuid all
"
WORK="$WORK" KEYS="$KEYS" exec bash "${0%/*}/AUD-04.sh"
