#!/bin/bash
# REM-09 by a plain search of all homes for a profile of Remmina's with something behind "password=".
# Prints compliant or drifted, then why.
set -u
wrong="" waits=""

saved=$(find /home -name '*.remmina' -type f -exec grep -lE '^[a-z_]*(password|passphrase) *= *[^ ]' {} + 2>/dev/null)
[ -z "$saved" ] || wrong+="a password is saved in: $saved. "

if [ -n "$wrong" ]; then echo drifted; elif [ -n "$waits" ]; then echo pending; else echo compliant; fi
echo "$wrong$waits"
