#!/bin/bash
# A note that auditd does not read lies beside the rules.
# kind: permission
# image: server
set -eu
echo 'ask the council before you change these' >/etc/audit/rules.d/README
chmod 0644 /etc/audit/rules.d/README
