#!/bin/bash
# The same in other words and in another file, and hibernation in place of power off.
# kind: value
# image: encrypted
set -eu
printf '# no sleep\n[Sleep]\nAllowSuspend = false\n' > /etc/systemd/sleep.conf.d/school.conf
printf '[Login]\nHandleLidSwitch=hibernate\n' > /etc/systemd/logind.conf.d/zz-lid.conf
systemctl restart systemd-logind
