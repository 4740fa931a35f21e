#!/bin/bash
# Modes with fewer rights than are allowed.
# kind: permission
# image: server
set -eu
chmod 0700 /etc/audit /etc/audit/rules.d
chmod 0600 /etc/audit/auditd.conf /etc/audit/rules.d/*.rules
chmod 0555 /usr/sbin/aureport
