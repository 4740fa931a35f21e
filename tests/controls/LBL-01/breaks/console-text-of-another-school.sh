#!/bin/bash
# The notice is another school's: it is not empty, so a check for 'something' passes.
# kind: value
# image: server
# flips: LBL-01
# expect: drifted
set -eu
echo 'This computer belongs to St Elsewhere Academy.' >/etc/issue
