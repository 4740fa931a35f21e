#!/bin/bash
# A folder in memory, and one folder shown in a second place.
# kind: value
# image: server
set -eu
mkdir -p /srv/scratch /srv/share
mount -t tmpfs tmpfs /srv/scratch
mount --bind /etc/skel /srv/share
