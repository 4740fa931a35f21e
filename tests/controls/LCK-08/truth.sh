#!/bin/bash
# LCK-08 as people here get it. Prints compliant or drifted, then why.
set -u
# shellcheck source=tests/controls/truth_session.sh
. "${0%/*}/truth_session.sh" || exit

wrong=""
for person in technician pupil teacher; do
    said=$(as "$person" '
        for verb in get writable; do
            gsettings $verb org.gnome.settings-daemon.peripherals.smartcard removal-action
        done
    ' 2>/dev/null | tr -d "'" | tr '\n' ' ')
    case $said in
        "lock-screen false " | "force-logout false ") ;;
        *) wrong+="$person: removal-action and writable are $said. " ;;
    esac
done
if [ -n "$wrong" ]; then echo drifted; else echo compliant; fi
echo "$wrong"
