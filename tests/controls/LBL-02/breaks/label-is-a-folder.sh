#!/bin/bash
# A deployment tool made a folder where the file belongs: it cannot be read.
# kind: syntax
# image: server
# flips: LBL-02
# expect: error
# mends: no
set -eu
rm /etc/leeboard/label
mkdir /etc/leeboard/label
