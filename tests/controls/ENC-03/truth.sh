#!/bin/bash
# ENC-03 by looking: something that a thief lacks is asked for before the disk opens (level high: TPM and PIN), and the
# image that starts next, unpacked by Debian's own tool, can do what that takes. Prints compliant or drifted, then why.
set -u
disk=$(cryptsetup status "$(basename "$(findmnt -nvo SOURCE /)")" 2>/dev/null | awk '$1 == "device:" { print $2 }')
wrong=""
if ! said=$(cryptsetup luksDump "${disk:-none}" 2>&1); then
    echo drifted
    echo "no LUKS header to look at: $disk"
    exit
fi
while read -r slot; do
    printf '\n' | cryptsetup open --test-passphrase --disable-external-tokens --key-slot "$slot" "$disk" 2>/dev/null &&
        wrong="$wrong slot-$slot-empty"
done < <(sed -n '/^Keyslots:/,/^Tokens:/ s/^  \([0-9]*\): luks2$/\1/p' <<<"$said")
uuid=$(cryptsetup luksUUID "$disk")
key=$(awk -v u="UUID=$uuid" '$2 == u { print $3 }' /etc/crypttab)
case $key in
    none | -) ;;
    /*) [ "$(lsblk -no TYPE "$(df --output=source "$key" | tail -1)")" = crypt ] || wrong="$wrong $key-in-clear" ;;
esac
image=$(find /boot -maxdepth 1 -name 'initrd.img-*' | sort -V | tail -1)
inside=$(mktemp -d -p /dev/shm)
unmkinitramfs "$image" "$inside" || wrong="$wrong image-cannot-be-unpacked"
names=$(find "$inside")
tables=$(find "$inside" \( -path '*/cryptroot/crypttab' -o -path '*/etc/crypttab' \) -exec cat {} +)
rm -r "$inside"
grep -qF "$uuid" <<<"$tables" || wrong="$wrong image-does-not-know-the-disk"
grep -qE 'bin/(systemd-)?cryptsetup$' <<<"$names" || wrong="$wrong image-cannot-open-it"
if grep -q 'systemd-tpm2$' <<<"$said"; then
    grep -q 'cryptsetup/libcryptsetup-token-systemd-tpm2.so' <<<"$names" || wrong="$wrong image-cannot-use-the-tpm"
    if grep -q 'tpm2-pin: *false' <<<"$said"; then
        cryptsetup open --test-passphrase --token-only --token-type systemd-tpm2 "$disk" 2>/dev/null ||
            wrong="$wrong tpm-keeps-its-key"
    fi
fi
if [ "$LEVEL" = high ]; then grep -q 'tpm2-pin: *true' <<<"$said" || wrong="$wrong no-pin"; fi
if [ -z "$wrong" ]; then echo compliant; else echo drifted; fi
echo "$image:$wrong"
