#!/bin/bash
# A larger group and hash than level high asks for.
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
        proposals = aes256gcm16-prfsha512-ecp521
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
                esp_proposals = aes256gcm16-ecp521
            }
        }
    }
}
EOF
chmod 0600 /etc/swanctl/conf.d/school.conf
systemctl reload strongswan
