#!/bin/bash
# A support page for laptops said that the last file wins, and gave its own a name to match.
# kind: precedence
# image: encrypted
# flips: ENC-14
# expect: drifted
# mends: no
# It is read after Leeboard's, which is refused with the name of this file.
set -eu
printf '[Login]\nHandleLidSwitch=suspend\n' > /etc/systemd/logind.conf.d/zzz-laptop.conf
systemctl restart systemd-logind
