#!/bin/bash
# A brace went missing in an edit: charon keeps what it had, and drops it all at its next start or reload.
# kind: syntax
# image: gnome
# flips: REM-01 REM-02 REM-03 REM-04 REM-05
# expect: error
# mends: no
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
systemctl reload strongswan
sed -i '$d' /etc/swanctl/conf.d/school.conf
