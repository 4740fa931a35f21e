#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.removable_media."""

from __future__ import annotations

DOCUMENTATION = r"""
module: removable_media
short_description: Refuse USB drives that are not encrypted, or all of them
description:
  - V(plain) with V(refused) writes a rule for polkit, so that udisks mounts no drive that can be pulled out, unless it
    is encrypted. Root can still mount, and so can programs that do not ask polkit; where there are such, it refuses.
  - V(usb-storage) with V(false) keeps modprobe from loading the drivers of USB drives, encrypted ones included. A
    driver that is loaded stays until the next start. Refused where the machine needs a USB drive to start (root, boot,
    swap, a line of fstab or crypttab, or the key of one), or may.
  - What is written is tried on the machine at once. Where somebody else's file comes first and decides otherwise, it is
    put back, and the module fails with the name of that file.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
extends_documentation_fragment:
  - leeboard.schools.driver
"""

EXAMPLES = r"""
- name: Only encrypted sticks are mounted
  leeboard.schools.removable_media:
    settings:
      - address: plain
        value: refused
  become: true

- name: No USB drives at all
  leeboard.schools.removable_media:
    settings:
      - address: usb-storage
        value: false
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

from ..module_utils._linux.removable_media import driver as removable_media  # noqa: E402
from ..module_utils.driver_module import ARGUMENTS, run  # noqa: E402


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True), removable_media)


if __name__ == "__main__":
    main()
