#!/bin/bash
# An account of the system has an empty password, and no shell in which anybody could arrive.
# kind: per_user
# image: server
set -eu
usermod -s /usr/sbin/nologin backup
passwd --delete backup
