#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.vpn_tunnel."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vpn_tunnel
short_description: Write the school's own VPN tunnel, and have it loaded
description:
  - Writes one IKEv2 connection of strongSwan into C(/etc/swanctl/conf.d/leeboard.conf), which charon-systemd begins by
    itself and begins again, and reads back what charon has loaded.
  - Knows the address V(tunnel). Its value is a text of words, or V(none) to take the tunnel away, with the certificate
    and key that Leeboard put there; no journal has these two. Any other address of the driver is only read.
  - Refuses where another program has the machine's tunnels, where the device has no certificate for the identity or no
    certificate of the authority, where another file of swanctl would still change the connection, and where we came to
    a global address of IPv6, which nothing may use beside a tunnel for everything.
  - A change could cut off whoever makes it. It runs under a checkpoint only.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
extends_documentation_fragment:
  - leeboard.schools.driver
"""

EXAMPLES = r"""
- name: Have the tunnel to the school
  leeboard.schools.vpn_tunnel:
    settings:
      - address: tunnel
        value: >-
          gateway:vpn.example.sch.uk@198.51.100.7
          ike:aes256gcm16-prfsha384-ecp384 esp:aes256gcm16-ecp384
          identity:lt-014.example.sch.uk
          authority:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
          to:0.0.0.0/0 to:::/0
"""

RETURN = r"""
before:
  description: The reading of each address before the change.
  returned: success
  type: dict
after:
  description: The reading of each address after the change; in check mode the same as RV(before).
  returned: success
  type: dict
journal:
  description: Path of the undo journal on the device, or null where nothing was changed.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ..module_utils._linux.vpn import driver as vpn  # noqa: E402
from ..module_utils.driver_module import ARGUMENTS, run  # noqa: E402


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True), vpn)


if __name__ == "__main__":
    main()
