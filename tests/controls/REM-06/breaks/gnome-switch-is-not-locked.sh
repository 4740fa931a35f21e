#!/bin/bash
# gnome-remote-desktop was installed after the roll-out: its switch is off, and anybody may turn it.
# kind: lock_removed
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
