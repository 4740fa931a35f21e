#!/bin/bash
# A private key has a passphrase, which is no shared secret.
# kind: value
# image: gnome
# also: REM-02 compliant, REM-04 compliant
set -eu
cat >/etc/swanctl/conf.d/school.conf <<'EOF'
connections {
    school {
        version = 2
        remote_addrs = vpn.school.example
        vips = 0.0.0.0, ::
        proposals = aes256gcm16-prfsha384-ecp384
        local {
            auth = pubkey
        }
        remote {
            auth = pubkey
            id = vpn.school.example
        }
        children {
            all {
                remote_ts = 0.0.0.0/0,::/0
                esp_proposals = aes256gcm16-ecp384
            }
        }
    }
}
EOF
chmod 0600 /etc/swanctl/conf.d/school.conf
cat >/etc/swanctl/conf.d/key.conf <<'EOF'
secrets {
    private-laptop {
        file = laptop.pem
        secret = "for the key only"
    }
}
EOF
chmod 0600 /etc/swanctl/conf.d/key.conf
systemctl reload strongswan
