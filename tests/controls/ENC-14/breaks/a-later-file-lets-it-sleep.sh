#!/bin/bash
# A package for laptops brought a file that is read last, and closing the lid sends it to sleep again.
# kind: precedence
# image: encrypted
# flips: ENC-14
# expect: drifted
set -eu
printf '[Login]\nHandleLidSwitch=suspend\n' > /etc/systemd/logind.conf.d/zz-laptop.conf
systemctl restart systemd-logind
