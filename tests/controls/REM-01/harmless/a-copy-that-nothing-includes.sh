#!/bin/bash
# The old connection was kept as a copy beside the file; nothing includes it.
# kind: precedence
# image: gnome
set -eu
cat >/etc/swanctl/conf.d/school.conf.old <<'EOF'
connections {
    school {
        version = 1
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
chmod 0600 /etc/swanctl/conf.d/school.conf.old
systemctl reload strongswan
