#!/bin/bash
# root is excepted again: at level high its password is counted too.
# kind: value
# image: gnome
# flips: LCK-05
# expect: drifted
set -eu
sed -i '/^even_deny_root/d; /^root_unlock_time/d' /etc/security/faillock.conf
