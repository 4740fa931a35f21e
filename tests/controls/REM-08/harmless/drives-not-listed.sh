#!/bin/bash
# The line was taken out: a channel that is not listed is blocked.
# kind: value
# image: server
set -eu
sed -i '/^rdpdr=/d' /etc/xrdp/xrdp.ini
