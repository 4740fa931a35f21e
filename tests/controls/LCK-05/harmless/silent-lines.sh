#!/bin/bash
# Whoever is shut out is not told so, and failures are logged with less: options that pam-auth-update keeps.
# kind: value
# image: server
set -eu
sed -i 's/pam_faillock.so preauth.*/pam_faillock.so preauth silent/' /etc/pam.d/common-auth
printf 'no_log_info\naudit\n' >>/etc/security/faillock.conf
