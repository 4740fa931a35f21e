#!/bin/bash
# pmount was installed for an old desktop: it mounts sticks for anybody, and asks nobody.
# kind: value
# image: encrypted
# flips: ENC-11
# expect: drifted
# mends: no
# A rule of polkit does not bind it; which package it came with is for a person to see.
set -eu
printf '#!/bin/sh\nexec mount -- "$@"\n' > /usr/bin/pmount
chmod 4755 /usr/bin/pmount
