#!/bin/bash
# Somebody found the log too long: the list exclude drops every record of a sign-in.
# kind: precedence
# image: server
# flips: AUD-02 AUD-03
# expect: drifted
# mends: no
set -eu
umask 027
echo '-a always,exclude -F msgtype=USER_LOGIN' >/etc/audit/rules.d/01-quiet.rules
augenrules --load
