#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.remmina_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: remmina_info
short_description: Read how many passwords people saved in Remmina
description:
  - Counts the passwords that each person saved in the remote desktop client Remmina, in its files and in the keyring.
  - Knows V(saved-passwords).
  - Returns no password, and changes nothing.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
extends_documentation_fragment:
  - leeboard.schools.driver.reading
"""

EXAMPLES = r"""
- name: Read who saved passwords
  leeboard.schools.remmina_info:
    addresses:
      - saved-passwords
  register: saved

- name: Show them
  ansible.builtin.debug:
    var: saved.readings['saved-passwords'].effective.value
"""

RETURN = r"""
readings:
  description: The reading of each address, by address; C(effective) is what counts.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ..module_utils._linux.simple import remmina  # noqa: E402
from ..module_utils.driver_module import READING, read  # noqa: E402


def main() -> None:
    read(AnsibleModule(argument_spec=READING, supports_check_mode=True), remmina)


if __name__ == "__main__":
    main()
