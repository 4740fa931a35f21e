#!/bin/bash
# REM-01 as the programs say it: what charon has loaded before and after a load of its files, which other VPN profiles
# lie about, which programs for old protocols are there. Prints compliant, pending or drifted, then why.
set -u
wrong="" waits=""

# shellcheck source=tests/controls/truth_charon.sh
. "${0%/*}/truth_charon.sh" || exit
ikev1() { grep -E '^[^ ]+: IKEv1' <<<"$1"; }
if ikev1 "$after" >/dev/null; then wrong+="charon would answer IKEv1: $(ikev1 "$after"). "; fi
if ikev1 "$before" >/dev/null && [ -z "$newer" ]; then wrong+="charon answers IKEv1: $(ikev1 "$before"). "; fi

# Loading the files drops what stands in none of them.
names() { grep -oE '^[^ :]+:' <<<"$1" | sort; }
alone=$(comm -23 <(names "$before") <(names "$after"))
if [ -n "$alone" ] && [ -z "$newer" ]; then wrong+="charon has what no file has: $alone. "; fi

services=$(grep -rhoE '^service-type=.*' /etc/NetworkManager/system-connections /run/NetworkManager/system-connections \
    2>/dev/null | grep -vE '\.strongswan$')
case $LEVEL in
standard) services=$(grep -vE '\.(openvpn|openconnect|fortisslvpn|sstp)$' <<<"$services") ;;
*)
    if compgen -G '/etc/openvpn/*.conf' >/dev/null || compgen -G '/etc/openvpn/client/*.conf' >/dev/null; then
        wrong+="there are profiles of OpenVPN. "
    fi
    ;;
esac
[ -z "$services" ] || wrong+="NetworkManager has $services. "
wireguard=$(compgen -G '/etc/wireguard/*.conf'; wg show interfaces 2>/dev/null)
if [ "$LEVEL" = high ] && [ -n "$wireguard" ]; then
    wrong+="WireGuard is not for level high. "
fi
if grep -lsE '^[^#]*pptp' /etc/ppp/peers/*; then wrong+="there is a PPTP peer. "; fi >/dev/null
if grep -rlsE '<HostEntry>' /opt/cisco --include='*.xml' >/dev/null; then wrong+="Cisco's client has a server. "; fi
if grep -qsE '^ *\[ *lac ' /etc/xl2tpd/xl2tpd.conf; then wrong+="there is a peer of L2TP. "; fi
if [ -s /var/lib/tailscale/tailscaled.state ]; then wrong+="somebody signed in to Tailscale. "; fi
networks=$(find /var/lib/zerotier-one/networks.d -regextype egrep -regex '.*/[0-9a-f]{16}\.conf' 2>/dev/null)
[ -z "$networks" ] || wrong+="ZeroTier is in a network. "
# A tun or tap is some program's tunnel, unless it is a port of a bridge, as those of virtual machines are.
interfaces=$(ip -o link show type tun | grep -v ' master ')
[ -z "$interfaces" ] || wrong+="there is $interfaces. "
for program in pptp pptpd xl2tpd; do
    if command -v "$program" >/dev/null; then wrong+="$program is installed. "; fi
done

if [ -n "$wrong" ]; then echo drifted; elif [ -n "$waits" ]; then echo pending; else echo compliant; fi
echo "$wrong$waits"
