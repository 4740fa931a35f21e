#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.removable_media_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: removable_media_info
short_description: Read what users may do with USB drives
description:
  - Asks polkit whether it refuses an ordinary user to mount a drive that is not encrypted, or to unlock one that is,
    and modprobe whether drivers for USB drives can be loaded.
  - Knows V(plain), V(luks) and V(usb-storage).
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
extends_documentation_fragment:
  - leeboard.schools.driver.reading
"""

EXAMPLES = r"""
- name: Read the rules for removable media
  leeboard.schools.removable_media_info:
  become: true
  register: found

- name: Show whether a plain drive is refused
  ansible.builtin.debug:
    var: found.readings['plain'].effective
"""

RETURN = r"""
readings:
  description: The reading of each address, by address; C(effective) is what counts.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ..module_utils._linux import removable_media  # noqa: E402
from ..module_utils.driver_module import READING, read  # noqa: E402


def main() -> None:
    read(AnsibleModule(argument_spec=READING, supports_check_mode=True), removable_media)


if __name__ == "__main__":
    main()
