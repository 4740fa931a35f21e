#!/bin/bash
# Somebody loaded a connection of their own into charon and took the file away: no file shows it.
# kind: not_loaded
# image: gnome
# flips: REM-01
# expect: drifted
# also: REM-02 not_checked, REM-04 compliant
# mends: no
set -eu
# Debian's AppArmor lets swanctl read below /etc/swanctl alone; nothing includes a file that lies there itself.
cat >/etc/swanctl/own.conf <<'CONF'
connections {
    own {
        version = 2
        remote_addrs = vpn.own.example
        vips = 0.0.0.0, ::
        proposals = aes256gcm16-prfsha384-ecp384
        local {
            auth = pubkey
        }
        remote {
            auth = pubkey
            id = vpn.own.example
        }
        children {
            all {
                remote_ts = 0.0.0.0/0,::/0
                esp_proposals = aes256gcm16-ecp384
            }
        }
    }
}
CONF
swanctl --load-conns --file /etc/swanctl/own.conf >/dev/null 2>&1
rm /etc/swanctl/own.conf
swanctl --list-conns 2>/dev/null | grep -q '^own:'
