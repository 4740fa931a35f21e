#!/bin/bash
# All channels are switched off at once.
# kind: precedence
# image: server
set -eu
sed -i 's/^allow_channels=.*/allow_channels=false/; s/^rdpdr=.*/rdpdr=true/' /etc/xrdp/xrdp.ini
