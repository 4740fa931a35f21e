#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.unit_state."""

from __future__ import annotations

DOCUMENTATION = r"""
module: unit_state
short_description: Switch units of systemd on
description:
  - Makes a unit start at boot (V(NAME.service:enabled) with V(true)), starts it (V(NAME.service:active) with V(true)),
    starts one that failed (V(NAME.service:failed) with V(false)), and takes a mask away (V(NAME.service:masked) with
    V(false)). A mask that keeps a unit from being enabled or started is taken away as well.
  - A service counts as active, too, when the socket of the same name listens for it.
  - Switches nothing off.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
extends_documentation_fragment:
  - leeboard.schools.driver
"""

EXAMPLES = r"""
- name: Events are recorded, now and after the next boot
  leeboard.schools.unit_state:
    settings:
      - address: auditd.service:enabled
        value: true
      - address: auditd.service:active
        value: true
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

from ..module_utils._linux.system import unit  # noqa: E402
from ..module_utils.driver_module import ARGUMENTS, run  # noqa: E402


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True), unit)


if __name__ == "__main__":
    main()
