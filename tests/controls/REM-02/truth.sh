#!/bin/bash
# REM-02 by words of the files, taken apart by awk, each proposal for itself; and by what charon has agreed on.
# Prints compliant, pending or drifted, then why.
set -u
wrong="" waits=""

# shellcheck source=tests/controls/truth_charon.sh
. "${0%/*}/truth_charon.sh" || exit

# Words that a proposal may be made of at this level, whatever their order.
ciphers='aes(128|192|256)gcm(16|128)?' hashes='(prf)?sha(256|384|512)' groups='(ecp(256|384|521)|curve25519|x25519)'
if [ "$LEVEL" = high ]; then
    ciphers='aes(192|256)gcm(16|128)?' hashes='(prf)?sha(384|512)' groups='ecp(384|521)'
fi
weak=$(sed 's/#.*//' /etc/swanctl/swanctl.conf /etc/swanctl/conf.d/*.conf 2>/dev/null |
    awk -v ciphers="^$ciphers\$" -v hashes="^$hashes\$" -v groups="^$groups\$" '
        match($0, /(esp_|ah_)?proposals *=/) {
            kind = substr($0, RSTART, RLENGTH)
            rest = substr($0, RSTART + RLENGTH)
            sub(/}.*/, "", rest)
            lists = split(rest, proposal, ",")
            for (i = 1; i <= lists; i++) {
                gsub(/[ \t"]/, "", proposal[i])
                words = split(proposal[i], word, "-")
                c = h = g = bad = 0
                for (j = 1; j <= words; j++) {
                    if (word[j] ~ ciphers) c++
                    else if (word[j] ~ hashes) h++
                    else if (word[j] ~ groups) g++
                    else if (word[j] !~ /^(no)?esn$/) bad++
                }
                if (bad || !c || !g || (kind !~ /^esp/ && !h) || kind ~ /^ah/) print kind, proposal[i]
            }
        }')
[ -z "$weak" ] || wrong+="too weak at level $LEVEL: $weak. "
connections=$(grep -cE '^[^ ]' <<<"$after")
written=$(sed 's/#.*//' /etc/swanctl/swanctl.conf /etc/swanctl/conf.d/*.conf 2>/dev/null |
    grep -cE '(^|[{ ])proposals *=')
[ "$written" -ge "$connections" ] || wrong+="$connections connections, and only $written have proposals. "
agreed=$(swanctl --list-sas 2>/dev/null | grep -E 'AES_CBC|3DES|SHA1|MODP|MD5')
[ -z "$agreed" ] || wrong+="agreed on with a peer: $agreed. "

if [ -n "$wrong" ]; then echo drifted; elif [ -n "$waits" ]; then echo pending; else echo compliant; fi
echo "$wrong$waits"
