#!/bin/bash
# A file that let the lid send it to sleep was taken away again, and logind was not told.
# kind: not_loaded
# image: encrypted
# flips: ENC-14
# expect: pending
set -eu
printf '[Login]\nHandleLidSwitch=suspend\n' > /etc/systemd/logind.conf.d/zz-lid.conf
systemctl restart systemd-logind
sleep 2
rm /etc/systemd/logind.conf.d/zz-lid.conf
