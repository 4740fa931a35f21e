#!/bin/sh
# Runs when all packages are in; $1 is the guest's root.
# LAB_HOSTNAME and LAB_KEYS (a folder with the SSH keys of this image) come from image.py.
set -eu
umask 022
here=$(dirname "$0")
root=$1

cp -R --no-preserve=all "$here/files/." "$root/"
chmod 440 "$root/etc/sudoers.d/technician"

echo "$LAB_HOSTNAME" >"$root/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$LAB_HOSTNAME" >"$root/etc/hosts"
echo 'nameserver 10.0.2.3' >"$root/etc/resolv.conf"
: >"$root/etc/machine-id"    # made at the first boot from the SMBIOS UUID, so each machine has its own

# The passwords are public and known: "leeboard-lab". SSH by key is what tests use.
password='$6$leeboardlab$eZQbnUx0TT6.8HJfY6WH7HEmOeD6mAE2YCdwnveh6c9bQiT9NosBkigI5Zslk9ffDmwPrpHtG8AXhu8N45JZM1'
add_user() {
    chroot "$root" useradd --create-home --user-group --uid "$2" --shell /bin/bash \
        --comment "$3" --password "$password" "$1"
    install -d -m 700 "$root/home/$1/.ssh"
    install -m 600 "$LAB_KEYS/technician.pub" "$root/home/$1/.ssh/authorized_keys"
    chroot "$root" chown -R "$1:$1" "/home/$1/.ssh"
}
add_user technician 1000 'LA technician'
add_user pupil 1001 'Pupil'
add_user teacher 1002 'Teacher'

# The technician's user manager runs from the boot on: a login then takes half the time.
install -d -m 755 "$root/var/lib/systemd/linger"
: >"$root/var/lib/systemd/linger/technician"

# The host key is made outside, so that the lab knows whom it talks to at the first connection.
rm -f "$root"/etc/ssh/ssh_host_*
install -m 600 "$LAB_KEYS/ssh_host_ed25519_key" "$root/etc/ssh/ssh_host_ed25519_key"
install -m 644 "$LAB_KEYS/ssh_host_ed25519_key.pub" "$root/etc/ssh/ssh_host_ed25519_key.pub"

chroot "$root" systemctl --quiet enable systemd-networkd.service lab-clock.service lab-collector.service
chroot "$root" systemctl --quiet set-default multi-user.target
# Nothing starts by itself in the middle of a test, and nothing waits for what a lab lacks.
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer \
    e2scrub_all.timer e2scrub_reap.service systemd-networkd-wait-online.service \
    sshd-keygen.service; do
    chroot "$root" systemctl --quiet mask "$unit"
done
if [ "$LAB_HOSTNAME" = lab-plasma ]; then
    # The session file of plasma-workspace, whose packages would treble the image: what counts are KDE's files.
    install -d -m 755 "$root/usr/share/wayland-sessions"
    printf '[Desktop Entry]\nExec=/usr/bin/startplasma-wayland\nDesktopNames=KDE\nName=Plasma (Wayland)\n' \
        >"$root/usr/share/wayland-sessions/plasma.desktop"
fi
if [ -e "$root/usr/lib/systemd/system/gdm.service" ]; then
    rm -f "$root/etc/systemd/system/display-manager.service"
    chroot "$root" systemctl --quiet disable gdm.service gdm3.service 2>/dev/null || true
fi
if [ -n "${LAB_LUKS:-}" ]; then
    # The disk of encrypt.py. The volume is not there yet, so the images of the next start are told that they need it.
    printf '/dev/mapper/root / ext4 defaults,noatime 0 0\nUUID=%s /boot ext4 defaults,noatime 0 0\n' "$LAB_BOOT" \
        >"$root/etc/fstab"
    printf 'root UUID=%s none luks,initramfs,x-initrd.attach\n' "$LAB_LUKS" >"$root/etc/crypttab"
    chroot "$root" update-initramfs -u
    version=$(basename "$root"/lib/modules/*)
    # Only the drivers of the lab: an image with all of them takes a minute to unpack.
    drivers='virtio_pci virtio_blk ext4 dm_crypt xts aes_generic aesni_intel sha256_generic algif_skcipher tpm_crb'
    chroot "$root" dracut --force --quiet --no-hostonly --zstd --add 'crypt tpm2-tss' --install /etc/crypttab \
        --drivers "$drivers" \
        "/boot/dracut-$version.img" "$version"
fi
