#!/bin/bash
# One noisy program is left out; everybody else is recorded.
# kind: precedence
# image: server
set -eu
umask 027
echo '-a never,exit -F exe=/usr/sbin/cron' >/etc/audit/rules.d/05-noise.rules
augenrules --load
