#!/bin/bash
# Somebody wanted the camera's cards to open by themselves: a rule that is read first says yes.
# kind: precedence
# image: encrypted
# flips: ENC-11
# expect: drifted
set -eu
cat > /etc/polkit-1/rules.d/10-cameras.rules <<'RULE'
polkit.addRule(function (action, subject) {
    if (action.id.indexOf("org.freedesktop.udisks2.") === 0) { return polkit.Result.YES; }
});
RULE
systemctl restart polkit
