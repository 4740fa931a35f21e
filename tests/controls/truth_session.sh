#!/bin/bash
# For truth scripts, which read this file: how the people of a machine are asked, each as his own session would ask.
# Each function takes a person and what that person's shell is to run.

# A person's login shell, with what pam_env and systemd's environment.d add to a graphical session.
as() {
    setpriv --reuid "$1" --regid "$1" --init-groups --reset-env bash -lc "cd; set -a; . /etc/environment
        eval \"\$(/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator)\"; set +a
        $2"
}

# What startplasma gives a session, and the answers of KDE's own program. It reads kdeglobals as the lock screen does
# only under the lock screen's name. `ask KEY DEFAULT` prints a key, once for each of three languages.
plasma() {
    as "$1" '
        for script in /etc/xdg/plasma-workspace/env/*.sh; do [ ! -r "$script" ] || . "$script"; done
        export folders=${XDG_CONFIG_DIRS:-/etc/xdg}
        ask() {
            for LANG in C.UTF-8 en_GB.UTF-8 de_DE.UTF-8; do
                (export LANG XDG_CONFIG_DIRS=${XDG_CONFIG_HOME:-$HOME/.config}/kdedefaults:$folders; unset LC_ALL
                exec -a kscreenlocker kreadconfig6 --group Daemon --key "$1" --default "$2")
            done | sort -u | tr "\n" " "
        }
        '"$2"
}

# The same, where the person tries to get another value, in files of his own and in copies of those that he has:
# `tried KEY` prints what he gets.
trying() {
    plasma "$1" '
        tried() {
            mine=$(mktemp -d); cp -r ~/.config/kdeglobals ~/.config/system.kdeglobals ~/.config/kdedefaults "$mine"
            find "$mine" -type f -exec sed -i "s/^\[Daemon\].*/&\n$1=tried/; s/^$1[=\[].*//" {} +
            printf "[Daemon]\n%s=tried\n%s[]=tried\n" "$1" "$1" >"$mine/kscreenlockerrc"
            XDG_CONFIG_HOME=$mine ask "$1" none; rm -r "$mine"
        }
        [ ! -w /etc/xdg/kscreenlockerrc ] || echo "can write the file"
        '"$2"
}
