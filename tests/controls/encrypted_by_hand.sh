#!/bin/bash
# How a technician sets up an encrypted laptop by himself: no stick in clear, and no sleep with the key of the disk in
# memory. Leeboard leaves that as it is.
set -eu
mkdir -p /etc/polkit-1/rules.d /etc/systemd/sleep.conf.d /etc/systemd/logind.conf.d
cat >/etc/polkit-1/rules.d/50-sticks.rules <<'RULE'
polkit.addRule(function (action, subject) {
    if (action.id.indexOf("org.freedesktop.udisks2.filesystem-mount") === 0 &&
        action.lookup("drive.removable") === "true") {
        return polkit.Result.NO;
    }
});
RULE
printf '[Sleep]\nAllowSuspend=no\n' >/etc/systemd/sleep.conf.d/school.conf
printf '[Login]\nHandleLidSwitch=poweroff\nHandleSuspendKey=ignore\n' >/etc/systemd/logind.conf.d/school.conf
systemctl restart systemd-logind polkit
