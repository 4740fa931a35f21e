#!/bin/bash
# Another fallback list, which counts only where nobody is named.
# kind: value
# image: both
set -eu
printf '[Time]\nFallbackNTP=time.stranger.example\n' >/etc/systemd/timesyncd.conf.d/20-fallback.conf
systemctl restart systemd-timesyncd
