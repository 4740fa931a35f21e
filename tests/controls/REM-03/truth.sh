#!/bin/bash
# REM-03 as swanctl lists it: how each side of each loaded connection proves itself, and which secrets are loaded from
# the files. Prints compliant, pending or drifted, then why.
set -u
wrong="" waits=""

# shellcheck source=tests/controls/truth_charon.sh
. "${0%/*}/truth_charon.sh" || exit
other() { grep -E '^  (local|remote) .*authentication:' <<<"$1" | grep -vE ' (public key|unspecified|EAP_TLS) '; }
if other "$after" >/dev/null; then wrong+="charon will take: $(other "$after"). "; fi
if [ -z "$newer" ] && other "$before" >/dev/null; then wrong+="charon takes: $(other "$before"). "; fi
shared=$(swanctl --load-creds --noprompt 2>/dev/null | grep -E "^loaded (ike|eap|xauth|NTLM|ntlm) secret")
[ -z "$shared" ] || wrong+="$shared. "
if grep -qsE '^[^#]*: *(PSK|EAP|XAUTH)' /etc/ipsec.secrets; then wrong+="ipsec.secrets holds a shared secret. "; fi
if grep -qrsE '^service-type=.*\.(pptp|l2tp|vpnc)$|^method=(psk|eap)$' /etc/NetworkManager/system-connections; then
    wrong+="NetworkManager has a VPN with a password or a shared secret. "
fi

# The certificate of the school's own tunnel: for the name that charon says there, of its authority, for 30 more days.
me=$(awk '/^[^ ]/ {own = /^leeboard:/} own && /^  [^ ]/ {here = /^  local .*authentication:/}
    own && here && /^    id:/ {print $2}' <<<"$after")
if [ -n "$me" ]; then
    usable=0
    for file in /etc/swanctl/x509/*; do
        named=$(openssl x509 -in "$file" -noout -checkhost "$me" 2>/dev/null)
        case $file:$named in
        *' does match '*) ;;
        */leeboard-vpn-*) wrong+="$file is not for $me. "; continue ;;
        *) continue ;;
        esac
        public=$(openssl x509 -in "$file" -noout -pubkey)
        has=no
        for key in /etc/swanctl/private/*; do
            [ "$(openssl pkey -in "$key" -pubout 2>/dev/null </dev/null)" != "$public" ] || has=yes
        done
        [ $has = yes ] || continue
        usable=1
        openssl x509 -in "$file" -noout -checkend 2592000 >/dev/null || wrong+="$file ends within 30 days. "
        roots=$(mktemp)
        cat /etc/swanctl/x509ca/leeboard-*.pem >"$roots"
        openssl verify -CAfile "$roots" "$file" >/dev/null 2>&1 || wrong+="$file is of no authority of the school. "
        rm "$roots"
    done
    [ $usable = 1 ] || wrong+="no certificate for $me can be used. "
fi

if [ -n "$wrong" ]; then echo drifted; elif [ -n "$waits" ]; then echo pending; else echo compliant; fi
echo "$wrong$waits"
