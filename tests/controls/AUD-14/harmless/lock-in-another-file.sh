#!/bin/bash
# -e 2 stands in another file, which is not the last one: augenrules puts it at the end.
# kind: precedence
# image: gnome
set -eu
sed -i '/^-e/d' /etc/audit/rules.d/*.rules
umask 027
echo '-e 2' >/etc/audit/rules.d/20-lock.rules
