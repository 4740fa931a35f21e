#!/bin/bash
# Unmounting is recorded as well.
# kind: value
# image: server
set -eu
sed -i '/auid/s/-S mount,fsmount/-S umount2,mount,fsmount/' /etc/audit/rules.d/*.rules
augenrules --load
