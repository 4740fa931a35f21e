#!/bin/bash
# A rule for cameras got a name that nothing comes before, since a forum said that the first one wins.
# kind: precedence
# image: encrypted
# flips: ENC-11
# expect: drifted
# mends: no
# Leeboard's own rule would come second, so it is refused, with the name of this file.
set -eu
cat > /etc/polkit-1/rules.d/00-cameras.rules <<'RULE'
polkit.addRule(function (action, subject) {
    if (action.id.indexOf("org.freedesktop.udisks2.") === 0) { return polkit.Result.YES; }
});
RULE
systemctl restart polkit
