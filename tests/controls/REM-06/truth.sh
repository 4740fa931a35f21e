#!/bin/bash
# REM-06 from the other end: what answers to the first words of VNC or RDP on this machine's own address, and which
# units of such programs systemd starts; which entries a plain search finds in everybody's session; what GSettings says
# to people. Prints compliant or drifted, then why. LEVEL is the device's level.
set -u
# shellcheck source=tests/controls/truth_session.sh
. "${0%/*}/truth_session.sh" || exit
wrong=""
address=$(ip -4 -o addr show scope global | awk '{ sub("/.*", "", $4); print $4; exit }')
for port in $(ss -Hltn | awk '{ print $4 }' | grep -vE '^(127\.|\[::1\])' | sed 's/.*://' | sort -un); do
    said=$(timeout 3 bash -c "exec 3<>/dev/tcp/${address:-127.0.0.1}/$port && head -c 3 <&3" 2>/dev/null | tr -d '\0')
    [ "$said" != RFB ] || wrong+="a VNC server answers on port $port. "
done
name=$(ss -Hltnp 'sport = :3389' | grep -v '127\.0\.0\.1' | sed -n 's/.*(("\([^"]*\)".*/\1/p' | head -1)
case $name in
    "") ;;
    xrdp) [ "${LEVEL:-standard}" != high ] || wrong+="xrdp listens. " ;;
    *) wrong+="$name listens on 3389. " ;;
esac
for unit in x11vnc wayvnc anydesk teamviewerd rustdesk; do
    ! systemctl is-enabled -q "$unit" 2>/dev/null || wrong+="$unit starts with the machine. "
    for starter in $(systemctl show -P TriggeredBy "$unit" 2>/dev/null); do
        [ "$(systemctl show -P LoadState "$unit")" = masked ] || ! systemctl is-enabled -q "$starter" 2>/dev/null ||
            wrong+="$starter starts $unit. "
    done
done
if [ "${LEVEL:-standard}" = high ] && systemctl is-enabled -q xrdp 2>/dev/null; then
    wrong+="xrdp starts with the machine. "
fi
for person in technician pupil teacher; do
    # Without a manager of that person's that would have to run: systemd's own code reads the files.
    state=$(setpriv --reuid "$person" --regid "$person" --init-groups --reset-env env SYSTEMD_OFFLINE=1 \
        systemctl --user is-enabled app-org.kde.krdpserver.service 2>/dev/null)
    [ "$state" != enabled ] || wrong+="krdp starts with the session of $person. "
done
for entry in /etc/xdg/autostart/*.desktop; do
    grep -qsE '^Exec=.*(x11vnc|wayvnc|krfb|anydesk|teamviewer|rustdesk)' "$entry" || continue
    grep -q '^Hidden=true' "$entry" || wrong+="$entry starts with every session. "
done
if [ -e /usr/share/glib-2.0/schemas/org.gnome.desktop.remote-desktop.gschema.xml ]; then
    for person in technician pupil teacher; do
        said=$(as "$person" '
            for kind in rdp vnc; do
                set -- org.gnome.desktop.remote-desktop.$kind enable
                echo $kind $(gsettings get "$@") $(gsettings writable "$@")
            done
        ' 2>/dev/null)
        [ "$said" = $'rdp false false\nvnc false false' ] || wrong+="GNOME tells $person: $said. "
    done
fi
# Asked for RDP's own encryption, an xrdp with TLS alone refuses.
if [ "$name" = xrdp ]; then
    answer=$(timeout 5 python3 - "$address" <<'EOF'
import socket, sys
one = socket.create_connection((sys.argv[1], 3389), 3)
one.send(bytes.fromhex("03000013" "0ee00000000000" "0100080000000000"))
print(one.recv(64).hex())
EOF
    )
    # X.224 connection confirm: 02 in the eleventh octet lets it happen, 03 refuses.
    [ "${answer:22:2}" = 03 ] || wrong+="xrdp takes its old encryption ($answer). "
fi
if [ -n "$wrong" ]; then echo drifted; else echo compliant; fi
echo "$wrong"
