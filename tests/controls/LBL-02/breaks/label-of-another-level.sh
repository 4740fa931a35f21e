#!/bin/bash
# The machine came from the head's office and still carries its label.
# kind: value
# image: server
# flips: LBL-02
# expect: drifted
set -eu
echo OFFICIAL-SENSITIVE >/etc/leeboard/label
