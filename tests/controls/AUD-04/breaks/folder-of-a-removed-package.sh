#!/bin/bash
# A rule for the folder of a program that was removed: auditctl stops there, and auditd does not start.
# kind: syntax
# image: server
# flips: AUD-02 AUD-03 AUD-04 AUD-05 AUD-06 AUD-07
# expect: drifted
# mends: no
set -eu
umask 027
echo '-a always,exit -F dir=/opt/gone/ -F perm=wa -k app' >/etc/audit/rules.d/05-app.rules
