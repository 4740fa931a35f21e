#!/bin/bash
# The connection inherits version = 2 from the first of its sections.
# kind: precedence
# image: gnome
# also: REM-02 compliant, REM-04 compliant
set -eu
cat >/etc/swanctl/conf.d/school.conf <<'EOF'
new {
    version = 2
}
old {
    version = 1
}
connections {
    school : new, old {
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
