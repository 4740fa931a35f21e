#!/bin/bash
# A second label was added below the right one: whoever reads the file sees two that contradict each other.
# kind: precedence
# image: server
# flips: LBL-02
# expect: drifted
set -eu
echo 'LOCAL HIGH' >>/etc/leeboard/label
