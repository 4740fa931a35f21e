#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.open_sign_in_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: open_sign_in_info
short_description: Read who is let in without a password
description:
  - Lists consoles, sign-in screens and services of PAM that let somebody in without a password, and accounts whose
    password is empty. Needs root.
  - Knows V(consoles), V(greeters), V(services) and V(empty-passwords).
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
extends_documentation_fragment:
  - leeboard.schools.driver.reading
"""

EXAMPLES = r"""
- name: Read who is let in without a password
  leeboard.schools.open_sign_in_info:
  become: true
  register: open_sign_in
"""

RETURN = r"""
readings:
  description: The reading of each address, by address; C(effective) is what counts.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ..module_utils._linux.open_sign_in import driver  # noqa: E402
from ..module_utils.driver_module import READING, read  # noqa: E402


def main() -> None:
    read(AnsibleModule(argument_spec=READING, supports_check_mode=True), driver)


if __name__ == "__main__":
    main()
