#!/bin/bash
# The file is empty.
# kind: syntax
# image: server
# flips: LBL-02
# expect: drifted
set -eu
: >/etc/leeboard/label
