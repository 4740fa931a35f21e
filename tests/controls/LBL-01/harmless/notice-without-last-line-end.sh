#!/bin/bash
# An editor left out the last line end.
# kind: value
# image: both
set -eu
printf '%s' "$(cat /etc/issue)" >/etc/issue
printf '%s' "$(cat /etc/issue.net)" >/etc/issue.net
