#!/bin/bash
# Compress=1K, and a word that journald does not know and ignores.
# kind: value
# image: server
set -eu
mkdir -p /etc/systemd/journald.conf.d
printf '[Journal]\nCompress=1K\nStorage=persistent\nStorage=always\n' >/etc/systemd/journald.conf.d/50-school.conf
systemctl restart systemd-journald
