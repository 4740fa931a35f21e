#!/bin/bash
# The file was deleted.
# kind: value
# image: both
# flips: LBL-02
# expect: drifted
set -eu
rm /etc/leeboard/label
