#!/bin/bash
# An example of a shared secret in a comment, and a section for one that is empty.
# kind: syntax
# image: gnome
set -eu
cat >/etc/swanctl/conf.d/example.conf <<'CONF'
secrets {
    # ike-north {
    #     secret = "an example"
    # }
}
CONF
systemctl reload strongswan
