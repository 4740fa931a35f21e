#!/bin/bash
# LCK-01 as people here get it: each one's own session asks GSettings; logind and passwd are asked themselves.
# Prints compliant, pending or drifted, then why. LEVEL is the device's level.
set -u
declare -A longest=([standard]=900 [sensitive]=600 [high]=300)
most=${longest[$LEVEL]} wrong="" waits=""

# shellcheck source=tests/controls/truth_session.sh
. "${0%/*}/truth_session.sh" || exit

if command -v kreadconfig6 >/dev/null; then
    for person in technician pupil teacher; do
        while read -r key said; do
            for one in $said; do
                case $key in
                Timeout) awk "BEGIN { exit !($one > 0 && $one * 60 <= $most) }" ;;
                LockGrace) [ "$one" -ge 0 ] && [ "$one" -le 5 ] ;;
                *) case ${one,,} in false | no | off | 0) false ;; esac ;;
                esac || wrong+="$person: $key $said. "
            done
        done < <(plasma "$person" '
            echo Timeout $(ask Timeout 5); echo LockGrace $(ask LockGrace 5)
            for key in Autolock Lock RequirePassword; do echo $key $(ask $key true); done
        ' 2>/dev/null)
    done
fi

if command -v gsettings >/dev/null; then
    for person in technician pupil teacher; do
        read -r idle delay enabled disabled < <(as "$person" '
                get() { gsettings get "$1" "$2" | sed "s/^uint32 //"; }
            echo $(get org.gnome.desktop.session idle-delay) $(get org.gnome.desktop.screensaver lock-delay) \
                $(get org.gnome.desktop.screensaver lock-enabled) $(get org.gnome.desktop.lockdown disable-lock-screen)
        ' 2>/dev/null)
        [ "$idle" -gt 0 ] && [ "$idle" -le "$most" ] || wrong+="$person: idle-delay $idle. "
        [ "$delay" -le 5 ] || wrong+="$person: lock-delay $delay. "
        [ "$enabled" = true ] || wrong+="$person: lock-enabled $enabled. "
        [ "$disabled" = false ] || wrong+="$person: disable-lock-screen $disabled. "
        [ "$(passwd -S "$person" | cut -d ' ' -f 2)" != NP ] || wrong+="$person has no password. "
    done
fi

action=$(systemd-analyze cat-config --tldr systemd/logind.conf | sed -n 's/^IdleAction *= *//p' | tail -n 1)
case ${action:-ignore} in ignore | lock) ;; *) wrong+="logind on disk: IdleAction $action. " ;; esac
running=$(busctl get-property org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager IdleAction)
case $running in *ignore* | *lock*) ;; *) waits+="logind now: IdleAction $running. " ;; esac

if [ -n "$wrong" ]; then echo drifted; elif [ -n "$waits" ]; then echo pending; else echo compliant; fi
echo "$wrong$waits"
