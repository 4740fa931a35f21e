#!/bin/bash
# The technicians' group may replace ausearch, which root runs.
# kind: permission
# image: server
# flips: AUD-13
# expect: drifted
set -eu
chgrp teacher /usr/sbin/ausearch
chmod 0775 /usr/sbin/ausearch
