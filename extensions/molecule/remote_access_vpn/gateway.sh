#!/bin/bash
# A school's authority, which gave this device a certificate, and its gateway: a charon of its own in a network of its
# own. Nothing of Leeboard's writes any of it.
set -eu
made=$(mktemp -d)
there=/etc/swanctl/gateway # AppArmor lets swanctl read nowhere else
install -d -m 0700 $there $there/{x509,x509ca,private} /run/gateway
cd "$made"
key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null; }
issue() { # NAME USAGE
    key "$1.key"
    openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr"
    printf 'subjectAltName=DNS:%s\nextendedKeyUsage=%s\nbasicConstraints=critical,CA:false\n' "$1" "$2" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA root.pem -CAkey root.key -CAcreateserial -days 180 -extfile "$1.ext" \
        -out "$1.pem" 2>/dev/null
}
key root.key
openssl req -x509 -new -key root.key -days 365 -subj '/CN=The school' \
    -addext keyUsage=critical,keyCertSign,cRLSign -out root.pem
issue vpn.school.example serverAuth
issue server.school.example clientAuth
install -m 0644 root.pem $there/x509ca/root.pem
install -m 0644 vpn.school.example.pem $there/x509/gateway.pem
install -m 0600 vpn.school.example.key $there/private/gateway.pem
install -m 0644 server.school.example.pem /etc/swanctl/x509/server.pem
install -m 0600 server.school.example.key /etc/swanctl/private/server.pem
install -m 0644 root.pem /root/vpn-root.pem
rm -r "$made"

cat >$there/swanctl.conf <<'CONF'
connections {
    road {
        version = 2
        pools = four
        proposals = aes128gcm16-prfsha256-ecp256
        local {
            auth = pubkey
            certs = gateway.pem
            id = vpn.school.example
        }
        remote {
            auth = pubkey
            cacerts = root.pem
        }
        children {
            net {
                local_ts = 10.20.0.0/16
                esp_proposals = aes128gcm16-ecp256
            }
        }
    }
}
pools {
    four {
        addrs = 10.99.0.0/24
    }
}
CONF
cat >/run/gateway/strongswan.conf <<'CONF'
charon-systemd {
    plugins {
        include /etc/strongswan.d/charon/*.conf
        vici {
            socket = unix:///run/gateway/charon.vici
        }
    }
}
CONF
ip netns add gateway
ip link add gw0 type veth peer name gw1
ip link set gw1 netns gateway
ip address add 192.0.2.10/24 dev gw0
ip link set gw0 up
ip -n gateway address add 192.0.2.1/24 dev gw1
ip -n gateway address add 10.20.0.1/32 dev lo
ip -n gateway link set gw1 up
ip -n gateway link set lo up
STRONGSWAN_CONF=/run/gateway/strongswan.conf setsid ip netns exec gateway /usr/sbin/charon-systemd \
    </dev/null >/run/gateway/log 2>&1 &
for _ in $(seq 100); do
    [ ! -e /run/gateway/charon.vici ] || break
    sleep 0.5
done
SWANCTL_DIR=$there swanctl --load-all --noprompt --uri unix:///run/gateway/charon.vici --file $there/swanctl.conf
