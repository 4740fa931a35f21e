#!/bin/bash
# The energy-saving drop-in was taken away, but systemd-logind still runs with it.
# kind: not_loaded
# image: gnome
# flips: LCK-01
# expect: pending
set -eu
mkdir -p /etc/systemd/logind.conf.d
printf '[Login]\nIdleAction=suspend\n' >/etc/systemd/logind.conf.d/95-energy.conf
systemctl restart systemd-logind
sleep 1
rm /etc/systemd/logind.conf.d/95-energy.conf
