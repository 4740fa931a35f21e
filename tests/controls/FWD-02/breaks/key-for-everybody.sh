#!/bin/bash
# The key of the device's certificate can be read by everybody.
# kind: permission
# image: gnome
# flips: FWD-02
# expect: drifted
# mends: no
set -eu
chmod 0644 /etc/leeboard/collector-client.key
