#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.listening."""

from __future__ import annotations

DOCUMENTATION = r"""
module: listening
short_description: Switch off programs that share the desktop
description:
  - With V(desktop-sharing) or V(xrdp), switches off for good whatever of that address listens where others reach it,
    runs and reaches its maker's relay, or starts with the machine or a session. The value is a list of what may stay,
    as the reading has it; V([]) lets nothing stay.
  - System units are stopped, disabled and masked, units of people's sessions masked in C(/etc/systemd/user), autostart
    entries hidden, other processes ended. No package is taken away.
  - Refuses where the roll-out itself comes through such a program, and where nothing but a screen or an unknown program
    is left.
  - V(other-ssh-servers) is only read.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
extends_documentation_fragment:
  - leeboard.schools.driver
"""

EXAMPLES = r"""
- name: Let nobody share the desktop
  leeboard.schools.listening:
    settings:
      - address: desktop-sharing
        value: []
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

from ..module_utils._linux.simple import listening  # noqa: E402
from ..module_utils.driver_module import ARGUMENTS, run  # noqa: E402


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True), listening)


if __name__ == "__main__":
    main()
