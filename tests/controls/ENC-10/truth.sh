#!/bin/bash
# ENC-10 by looking: every block device that holds a file system and cannot be pulled out lies on dm-crypt. Prints
# compliant or drifted, then why.
set -u
# shellcheck source=tests/controls/truth_disks.sh
. "${0%/*}/truth_disks.sh" || exit
wrong=""
for path in /sys/class/block/*; do
    name=$(basename "$path")
    case $name in loop* | zram* | ram* | sr*) continue ;; esac
    compgen -G "$path/holders/*" >/dev/null && continue
    disk=$(basename "$(readlink -f "$path/..")")
    [ "$disk" = block ] && disk=$name
    [ "$(cat "/sys/class/block/$disk/removable" 2>/dev/null)" = 1 ] && continue
    type=$(blkid -p -s TYPE -o value "/dev/$name" 2>/dev/null)
    part=$(blkid -p -s PART_ENTRY_TYPE -o value "/dev/$name" 2>/dev/null)
    case $type in "" | swap | crypto_LUKS | LVM2_member | linux_raid_member) continue ;; esac
    [ "$part" = c12a7328-f81f-11d2-ba4b-00a0c93ec93b ] && continue
    case $(awk -v d="/dev/$name" '$1 == d { print $2; exit }' /proc/self/mounts) in
        / | /usr | /var | /home | /boot | /boot/*) continue ;;
    esac
    encrypted "$name" || wrong="$wrong $name"
done
# A LUKS header that says that data still lie there in clear.
for path in /dev/sd* /dev/vd*; do
    [ "$(blkid -p -s TYPE -o value "$path" 2>/dev/null)" = crypto_LUKS ] || continue
    cryptsetup luksDump "$path" | grep -q '^  [0-9]*: linear' && wrong="$wrong $path"
done
if [ -z "$wrong" ]; then echo compliant; else echo drifted; fi
echo "in clear:$wrong"
