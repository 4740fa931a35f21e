#!/bin/bash
# A Match block for sftp users repeats the banner.
# kind: per_user
# image: server
set -eu
printf '\nMatch User pupil\n    Banner /etc/issue.net\n    X11Forwarding no\n' >>/etc/ssh/sshd_config
systemctl reload ssh
