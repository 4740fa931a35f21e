#!/bin/bash
# No user-db line: users can store no setting at all, which is a nuisance, and locked.
# kind: precedence
# image: gnome
set -eu
echo system-db:local >/etc/dconf/profile/user
