#!/bin/bash
# Each key has the mark and the group has not: a key for one's own language goes round it (tried).
# kind: lock_removed
# image: plasma
# flips: LCK-02 LCK-04
# expect: drifted
# alone: yes
set -eu
{
    echo '[Daemon]'
    echo 'Timeout[$i]=5'
    echo 'LockGrace[$i]=5'
    for key in Autolock Lock RequirePassword LockOnResume; do echo "${key}[\$i]=true"; done
} >/etc/xdg/kscreenlockerrc
