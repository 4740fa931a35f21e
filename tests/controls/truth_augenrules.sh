#!/bin/bash
# For truth scripts, which start this: prints what augenrules makes of the files of the audit rules, in a copy that only
# it can see. It stops where auditctl tells it that the rules are locked, so that a stand-in says that they are not.
# (Debian mounts /run so that no program can be started from it.)
set -u
mkdir -p /root/truth-bin
printf '#!/bin/sh\necho enabled 1\n' >/root/truth-bin/auditctl
chmod +x /root/truth-bin/auditctl
unshare --mount sh -c '
    cp -a /etc/audit /run/truth-audit && mount --bind /run/truth-audit /etc/audit || exit
    PATH=/root/truth-bin:$PATH augenrules >&2; cat /etc/audit/audit.rules'
rm -rf /run/truth-audit /root/truth-bin
