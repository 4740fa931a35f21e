#!/bin/bash
# The connection takes its settings from two sections, and the first of them is the old one.
# kind: precedence
# image: gnome
# flips: REM-01
# expect: drifted
# also: REM-02 compliant, REM-04 compliant
# mends: no
set -eu
cat >/etc/swanctl/conf.d/school.conf <<'EOF'
old {
    version = 1
}
new {
    version = 2
}
connections {
    school : old, new {
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
