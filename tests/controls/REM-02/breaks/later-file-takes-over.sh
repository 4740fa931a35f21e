#!/bin/bash
# A file that is read later sets the proposals of the same connection to old ones.
# kind: precedence
# image: gnome
# flips: REM-02
# expect: drifted
# also: REM-04 compliant
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
cat >/etc/swanctl/conf.d/zz-vendor.conf <<'EOF'
connections {
    school {
        proposals = aes128-sha1-modp1024
    }
}
EOF
chmod 0600 /etc/swanctl/conf.d/zz-vendor.conf
systemctl reload strongswan
