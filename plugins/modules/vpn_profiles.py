#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.vpn_profiles."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vpn_profiles
short_description: Take VPN profiles of NetworkManager away that a school does not allow
description:
  - V(networkmanager) with a list of the profiles that stay, each as the reading has it, takes all others away, and ends
    them where they are up. V(only-loaded) is only read.
  - A profile that is up stays where we come through a device that a VPN could have made. So does one that belongs to a
    package, is a link, or is made by netplan from a file that somebody wrote.
  - Journal and diff have a profile without its passwords and keys, and so does an undo. Of a profile that netplan keeps
    they have nothing.
  - A change could cut off whoever makes it. It runs under a checkpoint only.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
extends_documentation_fragment:
  - leeboard.schools.driver
"""

EXAMPLES = r"""
- name: Let one VPN profile stay
  leeboard.schools.vpn_profiles:
    settings:
      - address: networkmanager
        value:
          - Head_office (openvpn) in /etc/NetworkManager/system-connections/Head office.nmconnection
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

from ..module_utils._linux.vpn.profiles import driver as profiles_driver  # noqa: E402
from ..module_utils.driver_module import ARGUMENTS, run  # noqa: E402


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True), profiles_driver)


if __name__ == "__main__":
    main()
