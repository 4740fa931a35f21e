#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.package_state_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: package_state_info
short_description: Read which packages are installed
description:
  - Asks dpkg once for all packages. What is unpacked and not configured, or removed with its configuration left
    behind, is not installed.
  - Knows V(NAME:installed).
  - Changes nothing; install packages with M(ansible.builtin.apt).
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
options:
  addresses:
    description: What to read.
    type: list
    elements: str
    required: true
extends_documentation_fragment:
  - leeboard.schools.driver.reading
"""

EXAMPLES = r"""
- name: Read whether auditd and AIDE are installed
  leeboard.schools.package_state_info:
    addresses:
      - auditd:installed
      - aide:installed
  register: packages
"""

RETURN = r"""
readings:
  description: The reading of each address, by address; C(effective) is what counts.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ..module_utils._linux.simple import package  # noqa: E402
from ..module_utils.driver_module import READING_NAMED, read_named  # noqa: E402


def main() -> None:
    read_named(AnsibleModule(argument_spec=READING_NAMED, supports_check_mode=True), package)


if __name__ == "__main__":
    main()
