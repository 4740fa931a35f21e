#!/bin/bash
# LCK-02 as people here get it: may their own session change the lock?
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
        for key in "session idle-delay" "screensaver lock-delay" "screensaver lock-enabled" \
            "lockdown disable-lock-screen"; do
            echo $key $(gsettings writable org.gnome.desktop.$key)
        done
    ' 2>/dev/null)
    [ "$(grep -c ' false$' <<<"$said")" = 4 ] || wrong+="$person: $(grep -v ' false$' <<<"$said" | tr '\n' ' '). "
done
if [ -n "$wrong" ]; then echo drifted; else echo compliant; fi
echo "$wrong"
