#!/bin/bash
# The notice is there, and below it \S and \r name system and kernel.
# kind: value
# image: server
# flips: LBL-01
# expect: drifted
set -eu
printf '\\S \\r\n' >>/etc/issue
