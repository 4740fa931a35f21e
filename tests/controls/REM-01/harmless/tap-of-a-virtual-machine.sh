#!/bin/bash
# The interface of a virtual machine: a tap as well, and a port of a bridge.
# kind: value
# image: gnome
set -eu
ip link add br-vm type bridge
ip tuntap add dev vnet0 mode tap
ip link set vnet0 master br-vm
ip link set vnet0 up
