#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.luks_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: luks_info
short_description: Read which volumes are encrypted, and how
description:
  - Says of each file system and swap of a machine what encrypts it, and of each LUKS header its slots, tokens and key
    files, whether an empty passphrase opens it, and whether the initramfs of the next start can open it.
  - Knows V(volumes), a list of JSON texts.
  - Opens nothing, changes nothing and shows no key. Trying a passphrase takes seconds of processor for each slot.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
extends_documentation_fragment:
  - leeboard.schools.driver.reading
"""

EXAMPLES = r"""
- name: Read the volumes
  leeboard.schools.luks_info:
  become: true
  register: found

- name: Show them
  ansible.builtin.debug:
    var: found.readings['volumes'].effective
"""

RETURN = r"""
readings:
  description: The reading of each address, by address; C(effective) is what counts.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ..module_utils._linux.luks import volume as luks_volume  # noqa: E402
from ..module_utils.driver_module import READING, read  # noqa: E402


def main() -> None:
    read(AnsibleModule(argument_spec=READING, supports_check_mode=True), luks_volume)


if __name__ == "__main__":
    main()
