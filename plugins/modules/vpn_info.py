#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.vpn_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vpn_info
short_description: Read the VPN profiles of a device
description:
  - Finds every VPN profile, whatever program it belongs to (strongSwan, libreswan, WireGuard, systemd-networkd,
    NetworkManager, netplan, OpenVPN, PPTP, L2TP and others), and what strongSwan's daemon and the kernel have loaded.
  - Knows V(profiles), V(shared-secrets), V(old-programs), V(tunnel), which is the tunnel that
    M(leeboard.schools.vpn_tunnel) wrote, and V(certificate), which is until when the certificates for it hold.
  - Returns no secret, only that there is one and where.
  - Changes nothing.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
extends_documentation_fragment:
  - leeboard.schools.driver.reading
"""

EXAMPLES = r"""
- name: Read where secrets stand that both ends of a VPN know
  leeboard.schools.vpn_info:
    addresses:
      - shared-secrets
  register: vpn

- name: Show the places
  ansible.builtin.debug:
    var: vpn.readings['shared-secrets'].effective.value
"""

RETURN = r"""
readings:
  description: The reading of each address, by address; C(effective) is what counts.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ..module_utils._linux.vpn import driver as vpn  # noqa: E402
from ..module_utils.driver_module import READING, read  # noqa: E402


def main() -> None:
    read(AnsibleModule(argument_spec=READING, supports_check_mode=True), vpn)


if __name__ == "__main__":
    main()
