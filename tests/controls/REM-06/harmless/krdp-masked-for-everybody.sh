#!/bin/bash
# The same teacher, on a machine on which a technician has masked it for everybody.
# kind: per_user
# image: plasma
set -eu
install -d /usr/lib/systemd/user /etc/systemd/user
printf '[Service]\nExecStart=/usr/bin/krdpserver\n' >/usr/lib/systemd/user/app-org.kde.krdpserver.service
runuser -l teacher -c '
    mkdir -p .config/systemd/user/plasma-workspace.target.wants
    cd .config/systemd/user/plasma-workspace.target.wants
    ln -s /usr/lib/systemd/user/app-org.kde.krdpserver.service .
'
ln -sf /dev/null /etc/systemd/user/app-org.kde.krdpserver.service
