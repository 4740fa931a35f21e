#!/bin/bash
# AUD-07 really done: see the truth of AUD-04, which does the work below and looks for its records.
# Prints compliant, pending or drifted, then why.
set -u
KEYS="mounts access delete perm_mod"
WORK="
people mount MARK /nonexistent MARK 0 0
people fsmount -1 0 0
people move_mount -1 MARK -1 MARK 0
people mount_setattr -1 MARK 0 0 0
text /usr/libexec/udisks2/udisksd
"
[ "${LEVEL:-}" = standard ] || WORK+="refused EACCES
refused EPERM
people unlink /MARK
people unlinkat -1 MARK 0
people rename /MARK /MARK
people renameat -1 MARK -1 MARK
people renameat2 -1 MARK -1 MARK 0
people chmod /MARK 0
people fchmod -1 0
people fchmodat -1 MARK 0
people fchmodat2 -1 MARK 0 0
people chown /MARK 0 0
people fchown -1 0 0
people lchown /MARK 0 0
people fchownat -1 MARK 0 0 0
people setxattr /MARK user.x MARK 1 0
people lsetxattr /MARK user.x MARK 1 0
people fsetxattr -1 user.x MARK 1 0
people removexattr /MARK user.x
people lremovexattr /MARK user.x
people fremovexattr -1 user.x
"
WORK="$WORK" KEYS="$KEYS" exec bash "${0%/*}/AUD-04.sh"
