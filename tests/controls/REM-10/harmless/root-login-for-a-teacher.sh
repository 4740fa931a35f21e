#!/bin/bash
# A Match block allows root's sign-in for a user who is not root: it means nothing.
# kind: per_user
# image: server
set -eu
printf '\nMatch User teacher\n    PermitRootLogin yes\n' >>/etc/ssh/sshd_config
systemctl reload ssh
