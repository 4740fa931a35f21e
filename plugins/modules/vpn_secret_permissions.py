#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.vpn_secret_permissions."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vpn_secret_permissions
short_description: Close the keys, passwords and configurations of VPNs to everybody but root
description:
  - V(open-to-others) with an empty list gives every file that holds a key or a password of a VPN to root, readable by
    root alone (C(.netdev) files of systemd-networkd by its group as well), and takes rights to change a VPN's
    configuration away from others. Access lists (setfacl) on them are taken away. No content is read out or changed.
  - It knows strongSwan, libreswan, WireGuard, systemd-networkd, NetworkManager, netplan, OpenVPN, pppd and others.
  - A file is left alone, and the module says so, where others than root may write to a folder that leads to it, where
    it has several names (hard links), where it lies on a file system of another machine or a read-only one, and where
    it belongs to an account of a program.
  - A key that others could read may have been read. This does not make it a secret again.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
extends_documentation_fragment:
  - leeboard.schools.driver
"""

EXAMPLES = r"""
- name: Only root may read the keys of VPNs
  leeboard.schools.vpn_secret_permissions:
    settings:
      - address: open-to-others
        value: []
  become: true
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

from ..module_utils._linux.vpn.secrets import driver as secrets_driver  # noqa: E402
from ..module_utils.driver_module import ARGUMENTS, run  # noqa: E402


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True), secrets_driver)


if __name__ == "__main__":
    main()
