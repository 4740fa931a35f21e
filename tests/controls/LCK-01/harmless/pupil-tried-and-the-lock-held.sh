#!/bin/bash
# A pupil wrote an hour into his own database; the lock makes it void.
# kind: per_user
# image: gnome
set -eu
runuser -l pupil -c 'mkdir -p /tmp/own && printf "[org/gnome/desktop/session]\nidle-delay=uint32 3600\n" >/tmp/own/x &&
    mkdir -p ~/.config/dconf && dconf compile ~/.config/dconf/user /tmp/own'
