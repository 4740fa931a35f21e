#!/bin/bash
# IKEv2 is written down now, and charon still has the connection as it was.
# kind: not_loaded
# image: gnome
# flips: REM-01 REM-02 REM-03 REM-04
# expect: pending
# mends: no
set -eu
cat >/etc/swanctl/conf.d/school.conf <<'EOF'
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
chmod 0600 /etc/swanctl/conf.d/school.conf
systemctl reload strongswan
sleep 2
sed -i 's/version = 1/version = 2/' /etc/swanctl/conf.d/school.conf
