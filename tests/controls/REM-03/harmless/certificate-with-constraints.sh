#!/bin/bash
# The gateway's certificate must be of a certain strength.
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
            auth = ecdsa-384-sha384
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
systemctl reload strongswan
