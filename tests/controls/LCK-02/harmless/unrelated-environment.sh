#!/bin/bash
# Other variables, and one that only looks like ours, stand in /etc/environment.
# kind: precedence
# image: gnome
set -eu
printf 'LANG=C.UTF-8\nMY_DCONF_PROFILE=guest\n# DCONF_PROFILE=guest\n' >>/etc/environment
