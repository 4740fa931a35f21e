#!/bin/bash
# LCK-05 by su itself, which is given the lines of each way in: an account of our own, its right password and wrong ones,
# and failures of the past written into pam_faillock's file. Prints compliant or drifted, then why. LEVEL is the device's.
set -u
declare -A allowed=([standard]=10 [sensitive]=10 [high]=5)
most=${allowed[$LEVEL]} wrong="" name=truth-lck05 right=horse-and-cart
tallies=/run/faillock
mine=$(mktemp -d)
cp -p /etc/pam.d/su "$mine/su"
was=$(getent shadow root | cut -d: -f2)
cleanup() {
    cp -p "$mine/su" /etc/pam.d/su
    usermod -p "$was" root
    userdel -f "$name"
    rm -rf "$mine" "${tallies:?}/$name" "$tallies/root"
}
trap cleanup EXIT
useradd -M "$name"
echo "$name:$right" | chpasswd -c SHA512

signs_in() { # name, password
    setpriv --reuid=65534 --regid=65534 --clear-groups su "$1" -s /bin/sh -c 'echo is in' <<<"$2" 2>/dev/null | grep -q 'is in'
}
failed() { # name, how many failures of how many seconds ago, and again
    local who=$1
    shift
    mkdir -p "$tallies"
    # 52 bytes of a place, 2 that are not used, 2 of flags (1: it counts), 8 of a time.
    python3 - "$tallies/$who" "$@" <<'PYTHON'
import struct, sys, time
pairs = [int(one) for one in sys.argv[2:]]
with open(sys.argv[1], "wb") as out:
    for count, ago in zip(pairs[::2], pairs[1::2]):
        out.write(struct.pack("=52sHHQ", b"truth", 0, 1, int(time.time()) - ago) * count)
PYTHON
}
judge() { # the way in, whose account, its password
    local way=$1 who=$2 password=$3
    rm -f "${tallies:?}/$who"
    if ! signs_in "$who" "$password"; then wrong+="$way: $who is not let in. "; return; fi
    if signs_in "$who" wrong; then wrong+="$way: $who is let in by a wrong password. "; fi
    [ -s "$tallies/$who" ] || wrong+="$way: a wrong password of $who is not counted. "
    failed "$who" "$most" 0
    if signs_in "$who" "$password"; then wrong+="$way: $who is let in after $most wrong ones. "; fi
    failed "$who" "$most" 880
    if signs_in "$who" "$password"; then wrong+="$way: $who is let in again before a quarter of an hour. "; fi
    failed "$who" "$((most - 1))" 880 1 0
    if signs_in "$who" "$password"; then wrong+="$way: what $who did is forgotten before a quarter of an hour. "; fi
    failed "$who" "$most" 700000
    signs_in "$who" "$password" || wrong+="$way: $who is shut out for good. "
    [ ! -s "$tallies/$who" ] || wrong+="$way: what $who did is not forgotten. "
    rm -f "${tallies:?}/$who"
}

[ "$LEVEL" != high ] || echo "root:$right" | chpasswd -c SHA512
for way in login sshd gdm-password lightdm sddm; do
    lines=$(cat "/etc/pam.d/$way" 2>/dev/null || cat "/usr/lib/pam.d/$way" 2>/dev/null) || continue
    # Who may come at all is another question, and so is what begins with a session.
    grep -E '^(@include[[:space:]]+common-(auth|account)|(auth|account)[[:space:]])' <<<"$lines" |
        grep -vE 'pam_(selinux|succeed_if|faildelay|nologin|access)\.so' >"$mine/$way"
    echo "session required pam_permit.so" >>"$mine/$way"
    cat "$mine/$way" >/etc/pam.d/su
    judge "$way" "$name" "$right"
    [ "$LEVEL" != high ] || judge "$way" root "$right"
done
cp -p "$mine/su" /etc/pam.d/su
# su with nothing typed: by everybody here to root, and by a stranger to whoever has a shell.
arrives() { # by whom, to whom
    setpriv --reuid="$1" --regid="$(id -g "$1")" --init-groups timeout 20 su "$2" -c 'echo is in' </dev/null \
        2>/dev/null | grep -q 'is in'
}
usermod -p "$was" root
while IFS=: read -r who _ uid _ _ _ shell; do
    case $shell in */nologin | */false | */sync) continue ;; esac
    if arrives nobody "$who"; then wrong+="su: anybody becomes $who without a password. "; fi
    [ "$uid" = 0 ] || ! arrives "$who" root || wrong+="su: $who becomes root without a password. "
done </etc/passwd
if [ -n "$wrong" ]; then echo drifted; else echo compliant; fi
echo "$wrong"
