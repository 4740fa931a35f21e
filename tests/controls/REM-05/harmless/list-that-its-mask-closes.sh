#!/bin/bash
# An access list names a pupil, and its mask takes every right away again; root's own group may write a configuration.
# kind: permission
# image: gnome
set -eu
echo 'not a real key' >/etc/swanctl/pkcs12/laptop.p12
chmod 0600 /etc/swanctl/pkcs12/laptop.p12
setfacl -m u:pupil:r,m::--- /etc/swanctl/pkcs12/laptop.p12
chmod 0664 /etc/swanctl/swanctl.conf
