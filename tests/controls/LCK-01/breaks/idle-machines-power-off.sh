#!/bin/bash
# An energy-saving drop-in makes systemd-logind suspend an idle machine instead.
# kind: value
# image: gnome
# flips: LCK-01
# expect: drifted
set -eu
mkdir -p /etc/systemd/logind.conf.d
printf '[Login]\nIdleAction=suspend\nIdleActionSec=30min\n' >/etc/systemd/logind.conf.d/95-energy.conf
systemctl reload systemd-logind 2>/dev/null || systemctl restart systemd-logind
