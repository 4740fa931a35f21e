#!/bin/bash
# The school's own message of the day names no system.
# kind: value
# image: server
set -eu
echo 'The printers in room 12 are back.' >/etc/motd
