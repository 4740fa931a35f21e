#!/bin/bash
# AUD-14 as the kernel has it, and as the next start would: what augenrules itself makes of the files, in a copy.
# Prints compliant or drifted, then why.
set -u
now=$(auditctl -s 2>/dev/null | sed -n 's/^enabled //p')
next=$(bash "${0%/*}/truth_augenrules.sh" 2>/dev/null | grep -v "^#")
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
