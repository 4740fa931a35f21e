#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.listening_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: listening_info
short_description: Read which programs share the desktop or let people in by SSH
description:
  - Names programs that listen where others reach them, that run and reach their maker's relay, or that start with the
    machine.
  - Knows V(desktop-sharing), V(xrdp) and V(other-ssh-servers).
  - Changes nothing.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
extends_documentation_fragment:
  - leeboard.schools.driver.reading
"""

EXAMPLES = r"""
- name: Read who shares the desktop
  leeboard.schools.listening_info:
    addresses:
      - desktop-sharing
  become: true
  register: sharing
"""

RETURN = r"""
readings:
  description: The reading of each address, by address; C(effective) is what counts.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ..module_utils._linux.simple import listening  # noqa: E402
from ..module_utils.driver_module import READING, read  # noqa: E402


def main() -> None:
    read(AnsibleModule(argument_spec=READING, supports_check_mode=True), listening)


if __name__ == "__main__":
    main()
