#!/bin/bash
# Teachers asked for their sticks, and got a rule of their own; pupils are refused as before.
# kind: per_user
# image: encrypted
# flips: ENC-11
# expect: drifted
set -eu
groupadd --force teachers
usermod --append --groups teachers teacher
cat > /etc/polkit-1/rules.d/40-teachers.rules <<'RULE'
polkit.addRule(function (action, subject) {
    if (action.id.indexOf("org.freedesktop.udisks2.") === 0 && subject.isInGroup("teachers")) {
        return polkit.Result.YES;
    }
});
RULE
systemctl restart polkit
