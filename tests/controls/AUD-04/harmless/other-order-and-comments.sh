#!/bin/bash
# Lines turned round, with comments, blank lines and -k.
# kind: syntax
# image: server
set -eu
for file in /etc/audit/rules.d/*leeboard*.rules; do
    tac "$file" | sed -e 's/-F key=/-k /' -e 's/always,exit/exit,always/' -e 's/unset/4294967295/' >/root/turned
    { echo '# by the technician'; echo; cat /root/turned; } >"$file"
done
augenrules --load
