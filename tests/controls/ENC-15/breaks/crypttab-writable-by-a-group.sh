#!/bin/bash
# A group of technicians was to be able to edit crypttab.
# kind: permission
# image: server
# flips: ENC-15
# expect: drifted
set -eu
touch /etc/crypttab
chgrp adm /etc/crypttab
chmod 0664 /etc/crypttab
