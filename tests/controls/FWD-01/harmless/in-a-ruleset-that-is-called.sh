#!/bin/bash
# The same action in a ruleset of its own, which is called.
# kind: value
# image: gnome
set -eu
{ echo 'ruleset(name="away") {'; cat /etc/rsyslog.d/00-leeboard.conf; printf '}\ncall away\n'; } >/root/away
mv /root/away /etc/rsyslog.d/01-school.conf
rm /etc/rsyslog.d/00-leeboard.conf
systemctl restart rsyslog
