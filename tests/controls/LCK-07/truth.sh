#!/bin/bash
# LCK-07 as people here and the greeter get it: GSettings is asked as they would ask it, the greeter now and as gdm
# starts next (it compiles its key files then). gdm 48 runs its greeter with DCONF_PROFILE=Debian-gdm. Of consoles
# systemd is asked.
# Prints compliant, pending or drifted, then why. LEVEL is the device's level.
set -u
# shellcheck source=tests/controls/truth_session.sh
. "${0%/*}/truth_session.sh" || exit

wrong="" waits=""
# What systemd itself has made of the units that the next start brings, of the gettys of virtual terminals, and of the
# shells for repairs.
systemctl daemon-reload
units=$(systemctl list-dependencies --plain --all default.target sysinit.target | grep -oE '[^ ]+\.service' | sort -u)
for unit in $units getty@tty{1..6}.service rescue.service emergency.service; do
    said=$(systemctl show -p LoadState -p StandardInput -p ExecStart "$unit")
    grep -q '^LoadState=loaded' <<<"$said" || continue
    starts=$(grep -oE 'argv\[\]=[^;]*' <<<"$said" | sed 's/^argv\[\]=//; s/ *$//')
    if grep -qE 'getty .*(--autologin|-a )' <<<"$starts"; then wrong+="$unit signs somebody in: $starts. "; fi
    if grep -q '^StandardInput=tty' <<<"$said" && grep -qE '/(ba|da)?sh( --?[a-z]+)*$' <<<"$starts"; then
        wrong+="$unit starts a shell on a terminal: $starts. "
    fi
done
if command -v gsettings >/dev/null; then for person in technician pupil teacher; do
    said=$(as "$person" '
        for verb in get writable; do gsettings $verb org.gnome.desktop.notifications show-in-lock-screen; done
    ' 2>/dev/null | tr '\n' ' ')
    [ "$said" = "false false " ] || wrong+="$person: show-in-lock-screen and writable are $said. "
done; fi

hidden() {
    setpriv --reuid Debian-gdm --regid Debian-gdm --init-groups --reset-env env DCONF_PROFILE=Debian-gdm \
        gsettings get org.gnome.login-screen disable-user-list
}
if [ "$LEVEL" != standard ] && [ -e /usr/share/gdm/generate-config ]; then
    [ "$(hidden)" = true ] || waits+="the greeter shows the list of users now. "
    /usr/share/gdm/generate-config
    [ "$(hidden)" = true ] || wrong+="the greeter will show the list of users. "
fi

# gdm takes "true" in any case and "1" for yes (gdm-settings-utils.c); GKeyFile lets the last value count.
[ ! -e /etc/gdm3/daemon.conf ] || wrong+=$(awk -F= '
    /^\[/ { group = $1 }
    group == "[daemon]" && /^[A-Za-z]*LoginEnable[ \t]*=/ { gsub(/[ \t]/, ""); value[$1] = tolower($2) }
    END { for (key in value) if (value[key] == "true" || value[key] == "1") printf "%s is on. ", key }
' /etc/gdm3/daemon.conf)

if [ -n "$wrong" ]; then echo drifted; elif [ -n "$waits" ]; then echo pending; else echo compliant; fi
echo "$wrong$waits"
