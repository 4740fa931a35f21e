#!/bin/bash
# REM-05 as a pupil meets it: every file that holds a key or a password of a VPN is really opened as an ordinary user,
# and every configuration is asked whether that user may write it.
# Prints compliant or drifted, then why.
set -u
wrong="" waits=""

if swanctl --load-conns 2>&1 | grep -q 'invalid config file'; then wrong+="nobody knows what swanctl.conf holds. "; fi
holders() {
    find /etc/swanctl/{private,rsa,ecdsa,pkcs8,pkcs12} /etc/ipsec.d/private -type f 2>/dev/null
    grep -rlsE '^ *(PrivateKey|PresharedKey) *=' /etc/wireguard /etc/systemd/network
    grep -rlsxE '[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=' /etc/wireguard | grep -v pub
    awk 'tolower($1) ~ /^postup/ { for (i = 2; i < NF; i++) if ($i == "private-key") print $(i + 1) }' \
        /etc/wireguard/*.conf 2>/dev/null
    grep -rlsE '^[^#]*secret *= *[^ ]' /etc/swanctl/swanctl.conf /etc/swanctl/conf.d
    find /etc/ipsec.secrets /{etc,run}/NetworkManager/system-connections -type f 2>/dev/null
    grep -lsE '^ *(key|password|private):? ' /etc/netplan/*.yaml
    grep -rlsE 'BEGIN .*PRIVATE KEY' /etc/swanctl /etc/ipsec.d /etc/openvpn /etc/NetworkManager
    grep -lsE '^[^#]' /etc/ppp/chap-secrets /etc/ppp/pap-secrets
}
while read -r file; do
    for user in pupil teacher nobody $(stat -Lc %U "$file" | grep -vx root); do
        as() { setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups "$@"; }
        if as head -c1 "$file" >/dev/null 2>&1; then wrong+="$user reads $file. "; fi
        if as test -w "$file"; then wrong+="$user may change $file. "; fi
    done
done < <(holders)
# A configuration may be read; whoever can change it, or put another file in a key's place, has the tunnel.
while read -r place; do
    for user in pupil teacher nobody $(stat -Lc %U "$place" | grep -vx root); do
        if setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups test -w "$place"; then
            wrong+="$user may change $place. "
        fi
    done
done < <(find /etc/swanctl /etc/ipsec.conf /etc/ipsec.d /etc/strongswan.conf /etc/strongswan.d /etc/openvpn /etc/ppp \
    /etc/NetworkManager/system-connections \( -type d -o -name '*.conf' \) 2>/dev/null)
for folder in /etc/wireguard /etc/swanctl/{private,rsa,ecdsa,pkcs8}; do
    if setpriv --reuid nobody --regid nogroup --clear-groups test -x "$folder" -o -r "$folder"; then
        wrong+="anybody gets into $folder. "
    fi
done

if [ -n "$wrong" ]; then echo drifted; elif [ -n "$waits" ]; then echo pending; else echo compliant; fi
echo "$wrong$waits"
