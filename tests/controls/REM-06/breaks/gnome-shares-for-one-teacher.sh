#!/bin/bash
# A teacher turned GNOME's switch: it stands in that person's own database, and nobody is signed in.
# kind: per_user
# image: gnome
# flips: REM-06
# expect: drifted
set -eu
# The schema, as gnome-remote-desktop 48.1 has these two keys: the package itself would bring half a desktop.
cat >/usr/share/glib-2.0/schemas/org.gnome.desktop.remote-desktop.gschema.xml <<'EOF'
<?xml version="1.0" encoding="UTF-8"?>
<schemalist>
  <schema id="org.gnome.desktop.remote-desktop.rdp" path="/org/gnome/desktop/remote-desktop/rdp/">
    <key name="enable" type="b"><default>false</default></key>
  </schema>
  <schema id="org.gnome.desktop.remote-desktop.vnc" path="/org/gnome/desktop/remote-desktop/vnc/">
    <key name="enable" type="b"><default>false</default></key>
  </schema>
</schemalist>
EOF
glib-compile-schemas /usr/share/glib-2.0/schemas
runuser -l teacher -c 'dbus-run-session -- gsettings set org.gnome.desktop.remote-desktop.rdp enable true'
