#!/bin/bash
# Somebody who could not save the file made it writable for everybody, so that any pupil can declassify the machine.
# kind: permission
# image: server
# flips: LBL-02
# expect: drifted
set -eu
chmod 0666 /etc/leeboard/label
