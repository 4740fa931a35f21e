#!/bin/bash
# LCK-08 as people here get it. Prints compliant or drifted, then why.
set -u
# A person's login shell, with what pam_env and systemd's environment.d add to a graphical session.
as() {
    setpriv --reuid "$1" --regid "$1" --init-groups --reset-env bash -lc "cd; set -a; . /etc/environment
        eval \"\$(/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator)\"; set +a
        $2"
}

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
