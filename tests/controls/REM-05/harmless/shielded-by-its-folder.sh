#!/bin/bash
# A key that is 0644 in a folder of 0700: nobody gets to it.
# kind: permission
# image: gnome
set -eu
echo 'not a real key' >/etc/swanctl/private/laptop.pem
chmod 0644 /etc/swanctl/private/laptop.pem
