#!/bin/bash
# REM-03 as swanctl lists it: how each side of each loaded connection proves itself, and which secrets are loaded from
# the files. Prints compliant, pending or drifted, then why.
set -u
wrong="" waits=""

# charon tells what it has loaded but for its proposals; a file that is newer than its last load counts as not loaded.
newer=""
since=$(systemctl show --timestamp=unix -P StateChangeTimestamp strongswan | tr -dc 0-9)
[ -z "$since" ] || newer=$(find /etc/swanctl/swanctl.conf /etc/swanctl/conf.d -newermt "@$((since + 1))")
before=$(swanctl --list-conns 2>/dev/null)
next=$(swanctl --load-conns 2>&1 | grep -v '^plugin ')
after=$(swanctl --list-conns 2>/dev/null)
if grep -q 'invalid config file' <<<"$next"; then wrong+="nothing could be loaded: $next. "; fi
if [ -n "$newer" ]; then waits+="charon has not loaded: $newer. "; fi
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
