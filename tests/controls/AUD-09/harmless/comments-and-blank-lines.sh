#!/bin/bash
# Comments and blank lines around the rule.
# kind: syntax
# image: gnome
set -eu
sed -i '/admin_home_user/s/^/# who looks at homes\n\n/' /etc/audit/rules.d/*.rules
