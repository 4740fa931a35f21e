#!/bin/bash
# LCK-02 as people here get it: may their own session change the lock?
# Prints compliant or drifted, then why.
set -u
# shellcheck source=tests/controls/truth_session.sh
. "${0%/*}/truth_session.sh" || exit

wrong=""
if command -v kreadconfig6 >/dev/null; then
    for person in technician pupil teacher; do
        said=$(trying "$person" '
            for key in Autolock Lock LockGrace RequirePassword Timeout; do
                case $(tried $key) in *tried*) echo "can set $key" ;; esac
            done
            grep -l "XDG_CONFIG_DIRS=" ~/.config/plasma-workspace/env/*.sh
        ' 2>/dev/null)
        [ -z "$said" ] || wrong+="$person: $said. "
    done
fi
if command -v gsettings >/dev/null; then
    for person in technician pupil teacher; do
        said=$(as "$person" '
            for key in "session idle-delay" "screensaver lock-delay" "screensaver lock-enabled" \
                "lockdown disable-lock-screen"; do
                echo $key $(gsettings writable org.gnome.desktop.$key)
            done
        ' 2>/dev/null)
        [ "$(grep -c ' false$' <<<"$said")" = 4 ] || wrong+="$person: $(grep -v ' false$' <<<"$said" | tr '\n' ' '). "
    done
fi
if [ -n "$wrong" ]; then echo drifted; else echo compliant; fi
echo "$wrong"
