#!/bin/bash
# What apt remove xl2tpd leaves: its configuration, in which every connection is an example.
# kind: value
# image: gnome
set -eu
mkdir -p /etc/xl2tpd
cat >/etc/xl2tpd/xl2tpd.conf <<'EOF'
;
; Sample l2tpd configuration file
;
; [lns default]
; ip range = 192.168.1.128-192.168.1.254
;
; [lac marko]
; lns = lns.marko.net
[global]
; listen-addr = 192.168.1.98
EOF
