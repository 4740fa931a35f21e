#!/bin/bash
# ENC-14 by asking logind what it would do and whether the machine can sleep, and the kernel for its IOMMU. (No lab
# machine has Thunderbolt or a battery.) What logind has not loaded yet is pending. Prints compliant, pending or
# drifted, then why.
set -u
ask() { busctl get-property org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager "$1" | cut -d'"' -f2; }
# Written as systemd reads it: the last line of all files wins.
written() { systemd-analyze cat-config "systemd/$1" | sed -n "s/^$2 *= *//p" | tail -1; }
judge() { # LID, ON MAINS, KEY
    local verdict=compliant
    case $1 in hibernate | poweroff) ;; *) verdict=drifted ;; esac
    case ${2:-$1} in hibernate | poweroff) ;; *) verdict=drifted ;; esac
    case $3 in hibernate | poweroff | ignore) ;; *) verdict=drifted ;; esac
    echo $verdict
}
lid=$(ask HandleLidSwitch) mains=$(ask HandleLidSwitchExternalPower) key=$(ask HandleSuspendKey)
next=$(judge "$(written logind.conf HandleLidSwitch)" "$(written logind.conf HandleLidSwitchExternalPower)" \
    "$(written logind.conf HandleSuspendKey)")
verdict=$(judge "$lid" "$mains" "$key")
[ "$verdict$next" != driftedcompliant ] || verdict=pending
[ "$next" = compliant ] || verdict=drifted
sleeps=$(written sleep.conf AllowSuspend)
units=$(find /sys/class/iommu -mindepth 1 | grep -c .)
case ${sleeps:-yes} in no | false | off | 0 | n | f) ;; *) verdict=drifted ;; esac
[ "$units" -gt 0 ] || verdict=drifted
echo "$verdict"
echo "lid $lid, on mains $mains, key $key, sleep ${sleeps:-yes}, IOMMUs $units"
