#!/bin/bash
# LCK-04 as people here get it. On Debian gnome-shell asks lock-enabled before it sleeps.
# Prints compliant or drifted, then why.
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
        for verb in get writable; do gsettings $verb org.gnome.desktop.screensaver lock-enabled; done
    ' 2>/dev/null | tr '\n' ' ')
    [ "$said" = "true false " ] || wrong+="$person: lock-enabled and writable are $said. "
done
if [ -n "$wrong" ]; then echo drifted; else echo compliant; fi
echo "$wrong"
