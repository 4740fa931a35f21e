#!/bin/bash
# Somebody called openconnect with all that it needs as arguments: no file shows it, only the interface that it makes.
# kind: not_loaded
# image: gnome
# flips: REM-01
# expect: drifted
# also: REM-03 drifted, REM-04 not_checked
# mends: no
set -eu
# A double: without a server of AnyConnect there is no openconnect that stays, but its interface is this one.
ip tuntap add dev tun0 mode tun
ip address add 10.7.7.2/24 dev tun0
ip link set tun0 up
