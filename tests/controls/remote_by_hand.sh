#!/bin/bash
# What a school does by hand before a machine of the lab fulfils REM-06 to REM-12, so that breaks of each have something
# to break; sshd is as level high has it. Of xrdp Leeboard changes the encryption, once xrdp can read its key. Needs the
# packages nftables, iptables, ufw, xrdp, tigervnc-standalone-server and dropbear-bin.
set -eu
cat >/etc/ssh/sshd_config.d/10-school.conf <<'EOF'
PermitRootLogin no
MaxAuthTries 4
LoginGraceTime 60
MaxStartups 10:30:60
ClientAliveInterval 300
ClientAliveCountMax 3
ChannelTimeout session*=5m
PasswordAuthentication no
KbdInteractiveAuthentication no
EOF
sshd -t
systemctl reload ssh
cat >/etc/nftables.conf <<'EOF'
#!/usr/sbin/nft -f
flush ruleset
table inet filter {
    chain input {
        type filter hook input priority filter; policy drop;
        ct state established,related accept
        iif lo accept
        meta l4proto { icmp, ipv6-icmp } accept
        tcp dport 22 accept
    }
}
EOF
systemctl enable --now nftables
systemctl restart nftables
if [ -e /etc/xrdp/xrdp.ini ]; then
    sed -i -E 's/^(rdpdr|cliprdr)=.*/\1=false/' /etc/xrdp/xrdp.ini
    # Debian's README of xrdp says so; without it nobody comes in by TLS.
    if getent group ssl-cert >/dev/null && id xrdp >/dev/null 2>&1; then
        usermod -aG ssl-cert xrdp
        systemctl restart xrdp
    fi
fi
