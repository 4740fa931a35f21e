#!/bin/bash
# The file asks for everything; the gateway agrees to one network, and all the rest goes past the tunnel.
# kind: precedence
# image: gnome
# flips: REM-03 REM-04
# expect: drifted
# also: REM-02 compliant
# mends: no
set -eu
# The gateway is a second charon in a network of its own. Both know a secret, since this is about what they agree on.
ip netns add gateway
ip link add gw0 type veth peer name gw1
ip link set gw1 netns gateway
ip address add 192.0.2.10/24 dev gw0
ip link set gw0 up
ip -n gateway address add 192.0.2.1/24 dev gw1
ip -n gateway link set gw1 up
ip -n gateway link set lo up

mkdir -p /run/gateway
install -d -m 700 /etc/swanctl/gateway      # AppArmor lets swanctl read nowhere else
cat >/run/gateway/strongswan.conf <<'EOF'
charon-systemd {
    plugins {
        include /etc/strongswan.d/charon/*.conf
        vici {
            socket = unix:///run/gateway/charon.vici
        }
    }
}
EOF
cat >/etc/swanctl/gateway/swanctl.conf <<'EOF'
connections {
    laptop {
        version = 2
        proposals = aes256gcm16-prfsha384-ecp384
        local {
            auth = psk
            id = gateway
        }
        remote {
            auth = psk
        }
        children {
            net {
                local_ts = 172.16.0.0/12
                esp_proposals = aes256gcm16-ecp384
            }
        }
    }
}
secrets {
    ike-laptop {
        secret = "known to both"
    }
}
EOF
STRONGSWAN_CONF=/run/gateway/strongswan.conf setsid ip netns exec gateway /usr/sbin/charon-systemd \
    </dev/null >/run/gateway/log 2>&1 &
for _ in $(seq 100); do
    [ ! -e /run/gateway/charon.vici ] || break
    sleep 0.2
done
swanctl --load-all --noprompt --uri unix:///run/gateway/charon.vici --file /etc/swanctl/gateway/swanctl.conf \
    >/run/gateway/load 2>&1

cat >/etc/swanctl/conf.d/school.conf <<'EOF'
connections {
    school {
        version = 2
        remote_addrs = 192.0.2.1
        proposals = aes256gcm16-prfsha384-ecp384
        local {
            auth = psk
            id = laptop
        }
        remote {
            auth = psk
            id = gateway
        }
        children {
            all {
                remote_ts = 0.0.0.0/0,::/0
                esp_proposals = aes256gcm16-ecp384
            }
        }
    }
}
secrets {
    ike-gateway {
        secret = "known to both"
    }
}
EOF
chmod 0600 /etc/swanctl/conf.d/school.conf
systemctl reload strongswan
swanctl --initiate --child all --timeout 20 >/run/gateway/initiate 2>&1
