#!/bin/bash
# ENC-11 by asking: over D-Bus, whether polkit would let an ordinary user mount a stick in clear, whatever he types; or
# whether the kernel has no driver for sticks. Without udisks only root can mount. Prints compliant or drifted, then why.
set -u
start=$(awk '{ print $22 }' /proc/$$/stat)
asks() { # ACTION, KEY, VALUE, ...: authorised, or could be
    local action=$1
    shift
    busctl call org.freedesktop.PolicyKit1 /org/freedesktop/PolicyKit1/Authority org.freedesktop.PolicyKit1.Authority \
        CheckAuthorization '(sa{sv})sa{ss}us' unix-process 3 pid u $$ start-time t "$start" uid i "$(id -u pupil)" \
        "$action" 4 drive.removable true drive.removable.bus usb "$@" 0 "" | grep -qE '^\S+ (true|false true)'
}
udisks=$(find /usr/libexec/udisks2 /usr/lib/udisks2 -name udisksd 2>/dev/null)
plain=no luks=yes
if [ -n "$udisks" ]; then
    for action in filesystem-mount filesystem-mount-other-seat; do
        asks org.freedesktop.udisks2.$action id.usage filesystem id.type vfat && plain=yes
    done
    asks org.freedesktop.udisks2.encrypted-unlock id.usage crypto id.type crypto_LUKS || luks=no
fi
drivers=no
for module in usb-storage uas; do modprobe -q "$module" && drivers=yes; done
if [ $plain$luks = noyes ] || [ $drivers = no ]; then echo compliant; else echo drifted; fi
echo "udisks: ${udisks:-none}, in clear: $plain, encrypted: $luks, drivers: $drivers"
