#!/bin/bash
# Another rule comes first, and is about something else.
# kind: precedence
# image: encrypted
set -eu
printf '// printers\npolkit.addRule(function (action) { if (action.id === "org.opensuse.cupspkhelper.mechanism.all-edit")
    { return polkit.Result.AUTH_ADMIN; } });\n' > /etc/polkit-1/rules.d/10-printers.rules
systemctl restart polkit
