#!/bin/bash
# Messages of a noisy program are kept out of the local files, after they were sent.
# kind: precedence
# image: gnome
set -eu
echo ':programname, isequal, "noisy" stop' >/etc/rsyslog.d/50-noise.conf
systemctl restart rsyslog
