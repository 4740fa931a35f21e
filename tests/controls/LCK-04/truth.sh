#!/bin/bash
# LCK-04 as people here get it. On Debian gnome-shell asks lock-enabled before it sleeps.
# Prints compliant or drifted, then why.
set -u
# shellcheck source=tests/controls/truth_session.sh
. "${0%/*}/truth_session.sh" || exit

wrong=""
if command -v kreadconfig6 >/dev/null; then
    for person in technician pupil teacher; do
        said=$(trying "$person" '
            for one in $(ask LockOnResume true); do
                case ${one,,} in false | no | off | 0) echo "wakes to the desktop" ;; esac
            done
            case $(tried LockOnResume) in *tried*) echo "can set LockOnResume" ;; esac
        ' 2>/dev/null)
        [ -z "$said" ] || wrong+="$person: $said. "
    done
fi
if command -v gsettings >/dev/null; then
    for person in technician pupil teacher; do
        said=$(as "$person" '
            for verb in get writable; do gsettings $verb org.gnome.desktop.screensaver lock-enabled; done
        ' 2>/dev/null | tr '\n' ' ')
        [ "$said" = "true false " ] || wrong+="$person: lock-enabled and writable are $said. "
    done
fi
if [ -n "$wrong" ]; then echo drifted; else echo compliant; fi
echo "$wrong"
