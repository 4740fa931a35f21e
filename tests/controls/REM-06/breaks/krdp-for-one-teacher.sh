#!/bin/bash
# A teacher switched Plasma's desktop sharing on, which enables a unit of his own manager; he is not signed in now.
# kind: per_user
# image: plasma
# flips: REM-06
# expect: drifted
set -eu
install -d /usr/lib/systemd/user
cat >/usr/lib/systemd/user/app-org.kde.krdpserver.service <<'EOF'
[Unit]
Description=KRDP Server
[Service]
ExecStart=/usr/bin/krdpserver
[Install]
WantedBy=plasma-workspace.target
EOF
runuser -l teacher -c '
    mkdir -p .config/systemd/user/plasma-workspace.target.wants
    cd .config/systemd/user/plasma-workspace.target.wants
    ln -s /usr/lib/systemd/user/app-org.kde.krdpserver.service .
'
