#!/bin/bash
# Written by hand, and not the marking that the policy names.
# kind: syntax
# image: server
# flips: LBL-02
# expect: drifted
set -eu
echo 'Official (school)' >/etc/leeboard/label
