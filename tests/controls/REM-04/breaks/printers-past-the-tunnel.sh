#!/bin/bash
# A child of mode pass lets a whole network past the tunnel, before the policies of the tunnel.
# kind: precedence
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
            lan {
                local_ts = 192.168.0.0/16
                remote_ts = 192.168.0.0/16
                mode = pass
                start_action = trap
            }
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
