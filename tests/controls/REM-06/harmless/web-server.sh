#!/bin/bash
# A web server is no desktop.
# kind: value
# image: server
set -eu
systemd-run --unit web python3 -m http.server 8080
for _try in $(seq 100); do ss -Hltn 'sport = :8080' | grep -q . && break; sleep 0.2; done
