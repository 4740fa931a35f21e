#!/bin/bash
# ENC-15 by looking: can anybody but root change crypttab, or read a key file that it names? (Level standard asks no
# more.) Prints compliant or drifted, then why.
set -u
wrong=""
if [ -e /etc/crypttab ]; then
    [ -n "$(find /etc/crypttab -not -user root -o -perm /022)" ] && wrong="$wrong /etc/crypttab"
    while read -r key; do
        [ -f "$key" ] && [ -n "$(find "$key" -not -user root -o -perm /077)" ] && wrong="$wrong $key"
    done < <(awk '!/^[[:space:]]*#/ && $3 ~ "^/" && $3 !~ "^/dev/" { print $3 }' /etc/crypttab)
fi
if [ -z "$wrong" ]; then echo compliant; else echo drifted; fi
echo "loose:$wrong"
