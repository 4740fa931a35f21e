#!/bin/bash
# /etc/motd was deleted: nothing is shown, nothing is given away.
# kind: value
# image: server
set -eu
rm -f /etc/motd
