#!/bin/bash
# LBL-01 as people here see it: agetty prints the console's text, pam_motd's sources are shown, the greeter's GSettings
# are asked now and as gdm starts next. What SSH shows was fetched from outside: $SSH_NOW, and after a reload $SSH_NEXT.
# Prints compliant, pending or drifted, then why. NOTICE is the notice; all of these are files.
set -u
wrong="" waits=""

plain() { tr -d '\r' | sed -E 's/[[:space:]]+$//' | sed -e '/./,$!d' | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'; }
# shellcheck disable=SC2153 # NOTICE is given, a file
notice=$(plain <"$NOTICE")

console=$(script -qec 'agetty --show-issue' /dev/null </dev/null | plain)
[ "$console" = "$notice" ] || wrong+="a console shows: $console. "
[ "$(plain </etc/issue.net)" = "$notice" ] || wrong+="/etc/issue.net says: $(cat /etc/issue.net). "
[ "$(plain <"$SSH_NEXT")" = "$notice" ] || wrong+="SSH will show: $(cat "$SSH_NEXT"). "
[ "$(plain <"$SSH_NOW")" = "$notice" ] || waits+="SSH shows now: $(cat "$SSH_NOW"). "

after=$({
    run-parts --lsbsysinit /etc/update-motd.d
    cat /etc/motd /run/motd /usr/lib/motd /etc/motd.d/* /run/motd.d/* /usr/lib/motd.d/*
} 2>/dev/null)
if grep -qiE "debian|ubuntu|gnu/linux" <<<"$after" || grep -qF "$(uname -r)" <<<"$after"; then
    wrong+="after sign-in: $after. "
fi

open=$(find /etc/issue /etc/issue.net /etc/motd \( ! -user root -o -perm /022 \) 2>/dev/null | tr '\n' ' ')
[ -z "$open" ] || wrong+="others may change $open. "

greeter() {
    setpriv --reuid Debian-gdm --regid Debian-gdm --init-groups --reset-env env DCONF_PROFILE=Debian-gdm \
        gsettings get org.gnome.login-screen "$1"
}
# GVariant text: in quotes, with \n and the like.
unquoted() { local text; read -r text && text=${text:1:-1} && printf '%b' "$text"; }
shown() {
    [ "$(greeter banner-message-enable)" = true ] && [ "$(greeter banner-message-source)" = "'settings'" ] &&
        [ "$(greeter banner-message-text | unquoted | plain)" = "$notice" ]
}
if command -v gdm3 >/dev/null; then
    shown || waits+="the greeter shows another notice, or none, now. "
    /usr/share/gdm/generate-config
    shown || wrong+="the greeter will show: $(greeter banner-message-text). "
fi

if [ -n "$wrong" ]; then echo drifted; elif [ -n "$waits" ]; then echo pending; else echo compliant; fi
echo "$wrong$waits"
