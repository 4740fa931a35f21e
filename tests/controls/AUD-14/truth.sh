#!/bin/bash
# AUD-14 as the kernel has it, and as the next start would: what augenrules itself makes of the files, in a copy.
# Prints compliant or drifted, then why.
set -u
now=$(auditctl -s 2>/dev/null | sed -n 's/^enabled //p')
# augenrules itself stops where it hears that the rules are locked. (Nothing can be started from /run on Debian.)
mkdir -p /root/truth-bin
printf '#!/bin/sh\necho enabled 1\n' >/root/truth-bin/auditctl
chmod +x /root/truth-bin/auditctl
next=$(unshare --mount sh -c 'cp -a /etc/audit /run/truth-audit && mount --bind /run/truth-audit /etc/audit &&
    PATH=/root/truth-bin:$PATH augenrules >/dev/null; grep -v "^#" /etc/audit/audit.rules' 2>/dev/null)
rm -rf /run/truth-audit /root/truth-bin
wrong=""
[ "$now" = 2 ] || wrong+="the kernel says enabled $now. "
last=$(grep . <<<"$next" | tail -n 1)
[ "$last" = "-e 2" ] || wrong+="the last line of the files is: $last. "
[ "$(grep -cE '^ *-e' <<<"$next")" = 1 ] || wrong+="-e stands in the files more than once. "
first=$(grep -nE '^ *-[aAw] ' <<<"$next" | head -n 1 | cut -d: -f1)
carries=$(grep -nE '^ *-[ci] *$' <<<"$next" | head -n 1 | cut -d: -f1)
[ -n "$carries" ] && [ "$carries" -lt "${first:-999999}" ] || wrong+="one bad line stops all others. "
if [ -n "$wrong" ]; then echo drifted; else echo compliant; fi
echo "$wrong"
