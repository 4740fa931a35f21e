#!/bin/bash
# Comments, another group, a key that nobody asks for.
# kind: value
# image: plasma
set -eu
sed -i '/^\[Daemon\]/a # by the office\nLockOnStart=true' /etc/xdg/kscreenlockerrc
printf '\n[Greeter][Wallpaper]\nTimeout=60\n#[Daemon]\n' >>/etc/xdg/kscreenlockerrc
