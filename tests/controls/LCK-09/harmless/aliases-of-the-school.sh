#!/bin/bash
# A script of the school's own lies there, root's, mode 0644.
# kind: value
# image: server
set -eu
echo 'alias ll="ls -l"' >/etc/profile.d/90-school.sh
