#!/bin/bash
# LCK-09 by starting real shells as a pupil, interactive ones since only they wait for somebody: a console's, a child of
# it, a terminal window's, one in which the pupil tries to undo it.
# Prints compliant or drifted, then why. LEVEL is the device's level.
set -u
most=900 wrong=""
[ "$LEVEL" != high ] || most=300

short_enough() { [[ $1 =~ ^[0-9]+$ ]] && [ "$1" -gt 0 ] && [ "$1" -le "$most" ]; }

said() { sed -n 's/.*<\(.*\)>$/\1/p'; }
as_pupil() { runuser -u pupil -- env -i HOME=/home/pupil USER=pupil PATH=/usr/bin:/bin "$@" 2>/dev/null | said; }

console=$(as_pupil bash -lic 'echo "<$TMOUT>"')
short_enough "$console" || wrong+="a console has '$console'. "
child=$(as_pupil bash -lic 'sh -c "echo \"<\$TMOUT>\""')
short_enough "$child" || wrong+="a shell started from it has '$child'. "
window=$(as_pupil bash -ic 'echo "<$TMOUT>"')
short_enough "$window" || wrong+="a terminal window has '$window'. "
undone=$(printf 'unset TMOUT\necho "<$TMOUT>"\n' | as_pupil bash -li)
short_enough "$undone" || wrong+="a pupil can undo it. "

open=$(find -L /etc/profile /etc/bash.bashrc /etc/profile.d/*.sh \( ! -user root -o -perm /022 \) | tr '\n' ' ')
[ -z "$open" ] || wrong+="others may change $open. "

if [ -n "$wrong" ]; then echo drifted; else echo compliant; fi
echo "$wrong"
