#!/bin/bash
# The technician moved Banner from the drop-in to the main file, in another case.
# kind: precedence
# image: server
set -eu
grep -ril '^[[:space:]]*banner' /etc/ssh/sshd_config.d | xargs -r sed -i '/^[[:space:]]*banner/Id'
sed -i '/^[[:space:]]*banner/Id' /etc/ssh/sshd_config
sed -i '1i BANNER   /etc/issue.net' /etc/ssh/sshd_config
systemctl reload ssh
