#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.device_label."""

from __future__ import annotations

DOCUMENTATION = r"""
module: device_label
short_description: Write the device's label
description:
  - Writes the label that says how sensitive the device's data are into C(/etc/leeboard/label).
  - Knows the addresses V(label), and V(open-to-others), a list that can only be set to V([]); then root alone may write
    to the file and its folder.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
extends_documentation_fragment:
  - leeboard.schools.driver
"""

EXAMPLES = r"""
- name: Label an office machine
  leeboard.schools.device_label:
    settings:
      - address: label
        value: OFFICIAL-SENSITIVE
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

from ..module_utils._linux.simple import device_label  # noqa: E402
from ..module_utils.driver_module import ARGUMENTS, run  # noqa: E402


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True), device_label)


if __name__ == "__main__":
    main()
