#!/bin/bash
# A line lets in a group without a password, as sign-in screens ship it, and nobody is in the group.
# kind: permission
# image: server
set -eu
groupadd -f nopasswdlogin
sed -i '1i auth sufficient pam_succeed_if.so user ingroup nopasswdlogin' /etc/pam.d/su
