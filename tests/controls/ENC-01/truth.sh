#!/bin/bash
# ENC-01 by looking: /, /usr, /var and /home lie on dm-crypt over LUKS2, and nobody who knows nothing gets in: each slot
# refuses an empty passphrase, no key lies about, and no TPM opens it without a PIN (there is no Secure Boot in the lab).
# Prints compliant or drifted, then why.
set -u
wrong=""
below() {
    local one found=0
    for one in "/sys/class/block/$1/slaves"/*; do
        [ -e "$one" ] || continue
        found=1
        case $(cat "/sys/class/block/$1/dm/uuid" 2>/dev/null) in
            CRYPT-LUKS*) echo "luks $(basename "$one")" ;;
            *) below "$(basename "$one")" ;;
        esac
    done
    [ $found = 1 ] || echo "clear $1"
}
for point in / /usr /var /home; do
    while read -r kind name; do
        [ "$kind" = luks ] || wrong="$wrong $point-on-$name"
    done < <(below "$(basename "$(readlink -f "$(findmnt -nvo SOURCE --target "$point")")")")
done
# A mapping that is open goes on without its header, and the next start does not.
for uuid in /sys/class/block/dm-*/dm/uuid; do
    case $(cat "$uuid" 2>/dev/null) in CRYPT-LUKS*) ;; *) continue ;; esac
    for one in "$(dirname "$uuid")"/../slaves/*; do
        cryptsetup isLuks "/dev/$(basename "$one")" || wrong="$wrong $(basename "$one"):no-header"
    done
done
# Volumes that the machine opens at its start or has open; a disk beside them is looked at as well.
for disk in $(blkid -t TYPE=crypto_LUKS -o device); do
    if ! said=$(cryptsetup luksDump "$disk" 2>&1); then
        wrong="$wrong $disk:unreadable"
        continue
    fi
    cryptsetup isLuks --type luks2 "$disk" || wrong="$wrong $disk:LUKS1"
    grep -qE '^Requirements:.*reencrypt' <<<"$said" && wrong="$wrong $disk:half-done"
    while read -r slot; do
        printf '\n' | cryptsetup open --test-passphrase --disable-external-tokens --key-slot "$slot" "$disk" \
            2>/dev/null && wrong="$wrong $disk:slot-$slot-empty"
    done < <(sed -n '/^Keyslots:/,/^Tokens:/ s/^  \([0-9]*\): luks2$/\1/p' <<<"$said")
    awk '/systemd-tpm2/ { on = 1 } on && /tpm2-pin:/ { if ($2 == "false") found = 1; on = 0 } END { exit !found }' \
        <<<"$said" && [ ! -d /sys/firmware/efi ] && wrong="$wrong $disk:tpm-alone"
done
while read -r name _ key _; do
    case $name in "" | \#*) continue ;; esac
    [ "$key" = none ] || [ "$key" = - ] && key=/etc/cryptsetup-keys.d/$name.key
    case $key in /dev/*) continue ;; esac
    [ -f "$key" ] || continue
    on=$(df --output=source "$key" | tail -1)
    [ "$(lsblk -no TYPE "$on")" = crypt ] || wrong="$wrong $key-in-clear"
done < <(cat /etc/crypttab 2>/dev/null)
if [ -z "$wrong" ]; then echo compliant; else echo drifted; fi
echo "open:$wrong"
