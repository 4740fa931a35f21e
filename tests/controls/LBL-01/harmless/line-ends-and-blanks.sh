#!/bin/bash
# The same notice with Windows line ends, blanks at line ends and one more empty line.
# kind: value
# image: server
set -eu
sed -i 's/$/  \r/' /etc/issue.net
echo >>/etc/issue.net
