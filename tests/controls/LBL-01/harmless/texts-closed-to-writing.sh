#!/bin/bash
# Mode 0444 is stricter than 0644.
# kind: permission
# image: server
set -eu
chmod 0444 /etc/issue /etc/issue.net
