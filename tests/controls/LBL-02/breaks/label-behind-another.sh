#!/bin/bash
# Two lines: the first is an old label, the right one stands below it.
# kind: precedence
# image: server
# flips: LBL-02
# expect: drifted
set -eu
echo UNCLASSIFIED >/root/label
cat /etc/leeboard/label >>/root/label
cat /root/label >/etc/leeboard/label
