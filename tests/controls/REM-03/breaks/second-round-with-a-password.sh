#!/bin/bash
# A second round asks for a password of the user's, which can be guessed.
# kind: value
# image: gnome
# flips: REM-03
# expect: drifted
# also: REM-02 compliant, REM-04 compliant
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
        local-2 {
            auth = eap-mschapv2
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
