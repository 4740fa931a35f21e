#!/bin/bash
# ENC-14 by asking logind what it would do and whether the machine can sleep, and the kernel for its IOMMU. (No lab
# machine has Thunderbolt or a battery.) Prints compliant, pending or drifted, then why.
set -u
ask() { busctl get-property org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager "$1" | cut -d'"' -f2; }
lid=$(ask HandleLidSwitch) mains=$(ask HandleLidSwitchExternalPower) key=$(ask HandleSuspendKey)
# Written as systemd reads it: the last line of all files wins.
sleeps=$(systemd-analyze cat-config systemd/sleep.conf | sed -n 's/^AllowSuspend *= *//p' | tail -1)
units=$(find /sys/class/iommu -mindepth 1 | grep -c .)
verdict=compliant
case $lid in hibernate | poweroff) ;; *) verdict=drifted ;; esac
case ${mains:-$lid} in hibernate | poweroff) ;; *) verdict=drifted ;; esac
case $key in hibernate | poweroff | ignore) ;; *) verdict=drifted ;; esac
case ${sleeps:-yes} in no | false | off | 0 | n | f) ;; *) verdict=drifted ;; esac
[ "$units" -gt 0 ] || verdict=drifted
echo $verdict
echo "lid $lid, on mains $mains, key $key, sleep ${sleeps:-yes}, IOMMUs $units"
