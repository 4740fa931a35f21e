#!/bin/bash
# The connection was loaded with the school's own network only; the file still says everything.
# kind: not_loaded
# image: gnome
# flips: REM-04
# expect: drifted
# also: REM-02 compliant
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
sed 's,0.0.0.0/0,10.0.0.0/8,' /etc/swanctl/conf.d/school.conf >/etc/swanctl/try.conf
swanctl --load-conns --file /etc/swanctl/try.conf >/dev/null 2>&1
