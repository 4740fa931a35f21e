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

if [ -n "$wrong" ]; then echo drifted; elif [ -n "$waits" ]; then echo pending; else echo compliant; fi
echo "$wrong$waits"
