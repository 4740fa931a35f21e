#!/bin/bash
# A line says that one teacher is not logged, and a later one for everybody undoes that.
# kind: precedence
# image: gnome
set -eu
echo 'Defaults:teacher !logfile' >/etc/sudoers.d/20-teacher
chmod 0440 /etc/sudoers.d/20-teacher
