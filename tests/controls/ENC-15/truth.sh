#!/bin/bash
# ENC-15 by looking: can anybody but root change crypttab, or read a key file that it names? And is a
# passphrase costly to guess? (Level standard does not ask that.) Prints compliant or drifted, then why.
set -u
wrong=""
if [ -e /etc/crypttab ]; then
    [ -n "$(find /etc/crypttab -not -user root -o -perm /022)" ] && wrong="$wrong /etc/crypttab"
    while read -r key; do
        [ -f "$key" ] && [ -n "$(find -L "$key" -not -user root -o -perm /077)" ] && wrong="$wrong $key"
    done < <(awk '!/^[[:space:]]*#/ && $3 ~ "^/" && $3 !~ "^/dev/" { print $3 }' /etc/crypttab)
fi
if [ "$LEVEL" != standard ]; then
    for disk in $(blkid -t TYPE=crypto_LUKS -o device); do
        said=$(cryptsetup luksDump "$disk" 2>/dev/null) || wrong="$wrong $disk"
        bound=$(awk '/^Tokens:/ { on = 1 } on && /Keyslot:/ { print $2 }' <<<"$said")
        while read -r slot; do
            grep -qx "$slot" <<<"$bound" || wrong="$wrong $disk:slot-$slot"
        done < <(awk '/^Keyslots:/ { on = 1 } /^Tokens:/ { on = 0 } on && /^  [0-9]+:/ { slot = int($1) }
            on && /PBKDF: +pbkdf2/ { print slot } on && /Memory: +[0-9]+/ && $2 < 19456 { print slot }' <<<"$said")
    done
fi
if [ -z "$wrong" ]; then echo compliant; else echo drifted; fi
echo "loose:$wrong"
