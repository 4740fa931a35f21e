#!/bin/bash
# Somebody disabled auditd to make the machine start faster; it runs until the next restart.
# kind: not_loaded
# image: server
# flips: AUD-01
# expect: drifted
set -eu
systemctl disable --quiet auditd
