#!/bin/sh
# Runs before any package is unpacked; $1 is the guest's root.
set -eu
here=$(dirname "$0")
mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d"
install -m 644 "$here/initramfs.conf" "$1/etc/initramfs-tools/conf.d/lab"
install -m 644 "$here/initramfs.modules" "$1/usr/share/initramfs-tools/modules.d/lab"
