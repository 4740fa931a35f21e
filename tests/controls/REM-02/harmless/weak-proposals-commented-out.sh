#!/bin/bash
# The old proposals are still there as a comment.
# kind: precedence
# image: gnome
# also: REM-02 compliant, REM-04 compliant
set -eu
cat >/etc/swanctl/conf.d/school.conf <<'EOF'
connections {
    school {
        version = 2
        remote_addrs = vpn.school.example
        vips = 0.0.0.0, ::
        # proposals = aes128-sha1-modp1024
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
