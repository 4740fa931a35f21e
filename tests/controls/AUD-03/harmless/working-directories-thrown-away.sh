#!/bin/bash
# Records of the type CWD are dropped, as many guides advise: nothing that matters is in them.
# kind: precedence
# image: server
set -eu
umask 027
echo '-a always,exclude -F msgtype=CWD' >/etc/audit/rules.d/01-cwd.rules
augenrules --load
