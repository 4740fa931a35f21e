#!/bin/bash
# A port was opened in Leeboard's own file, and loaded.
# kind: value
# image: plasma
# level: standard
# flips: REM-12
# expect: drifted
set -eu
sed -i 's/^    }$/        tcp dport 3389 accept\n    }/' /etc/leeboard/firewall.nft
systemctl restart leeboard-firewall.service
