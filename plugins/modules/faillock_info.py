#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.faillock_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: faillock_info
short_description: Read the guessing limit at sign-in
description:
  - Says whether PAM really calls C(pam_faillock), in the right order and without jumping over it, and with which
    numbers.
  - Knows V(pam), V(deny), V(unlock_time), V(fail_interval), V(even_deny_root) and V(root_unlock_time).
  - Changes nothing, since a mistake in PAM locks everybody out.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
extends_documentation_fragment:
  - leeboard.schools.driver.reading
"""

EXAMPLES = r"""
- name: Read the guessing limit
  leeboard.schools.faillock_info:
  register: guessing

- name: Show whether there is one
  ansible.builtin.debug:
    var: guessing.readings.pam.effective
"""

RETURN = r"""
readings:
  description: The reading of each address, by address; C(effective) is what counts.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ..module_utils._linux.simple import faillock  # noqa: E402
from ..module_utils.driver_module import READING, read  # noqa: E402


def main() -> None:
    read(AnsibleModule(argument_spec=READING, supports_check_mode=True), faillock)


if __name__ == "__main__":
    main()
