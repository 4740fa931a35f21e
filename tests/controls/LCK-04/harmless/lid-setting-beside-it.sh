#!/bin/bash
# The school chooses what closing the lid does; that is another setting.
# kind: value
# image: gnome
set -eu
printf '[org/gnome/settings-daemon/plugins/power]\nlid-close-ac-action='"'blank'"'\n' >/etc/dconf/db/local.d/80-lid
dconf update
