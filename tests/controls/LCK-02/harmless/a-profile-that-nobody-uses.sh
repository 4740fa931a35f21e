#!/bin/bash
# A second profile without our database lies beside ours; no session asks for it.
# kind: precedence
# image: gnome
set -eu
echo user-db:user >/etc/dconf/profile/guest
