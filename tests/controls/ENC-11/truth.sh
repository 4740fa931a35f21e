#!/bin/bash
# ENC-11 by asking: over D-Bus, whether polkit would let any person here mount a stick in clear, whatever he types; or
# whether the kernel has no driver for sticks, which level high wants in any case. Without udisks only root can mount.
# Prints compliant, pending or drifted, then why.
set -u
start=$(awk '{ print $22 }' /proc/$$/stat)
asks() { # PERSON, ACTION, KEY, VALUE, ...: authorised, or could be
    local person=$1 action=$2
    shift 2
    busctl call org.freedesktop.PolicyKit1 /org/freedesktop/PolicyKit1/Authority org.freedesktop.PolicyKit1.Authority \
        CheckAuthorization '(sa{sv})sa{ss}us' unix-process 3 pid u $$ start-time t "$start" uid i "$(id -u "$person")" \
        "$action" 4 drive.removable true drive.removable.bus usb "$@" 0 "" | grep -qE '^\S+ (true|false true)'
}
udisks=$(find /usr/libexec/udisks2 /usr/lib/udisks2 -name udisksd 2>/dev/null)
plain=no luks=yes
for program in pmount udevil; do
    [ -n "$(find /usr/bin -name $program -perm -4001 2>/dev/null)" ] && plain=yes
done
if [ -n "$udisks" ]; then
    for person in technician pupil teacher; do
        for action in filesystem-mount filesystem-mount-other-seat; do
            asks $person org.freedesktop.udisks2.$action id.usage filesystem id.type vfat && plain=yes
        done
        asks $person org.freedesktop.udisks2.encrypted-unlock id.usage crypto id.type crypto_LUKS || luks=no
    done
fi
# What is loaded now, and what the configuration would let in after a restart.
drivers=no loaded=no
for module in usb_storage uas; do
    [ ! -e /sys/module/$module ] || loaded=yes
    case $(modprobe --showconfig | sed -n "s/^install $module //p" | head -1) in
        /bin/false | /bin/true) ;;
        *) { [ -e /sys/module/$module ] || modprobe -q $module; } && drivers=yes ;;
    esac
done
verdict=drifted
[ $plain$luks = noyes ] && [ "$LEVEL" != high ] && verdict=compliant
if [ $drivers = no ]; then
    if [ $loaded = yes ] && [ $verdict = drifted ]; then verdict=pending; else verdict=compliant; fi
fi
echo $verdict
echo "udisks: ${udisks:-none}, in clear: $plain, encrypted: $luks, drivers: $drivers, loaded: $loaded"
