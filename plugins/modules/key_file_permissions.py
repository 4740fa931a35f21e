#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.key_file_permissions."""

from __future__ import annotations

DOCUMENTATION = r"""
module: key_file_permissions
short_description: Close the key files of encrypted volumes to everybody but root
description:
  - V(open-to-others) with an empty list gives every key file that C(/etc/crypttab) names, or that lies where systemd
    looks for one, to root, readable by root alone. No content is read or changed.
  - A file is left alone, and the module says so, where others than root may write to a folder that leads to it, since
    they could put another file in its place.
  - A key that others could read may have been read. This is not undone, and does not make the key a secret again.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
extends_documentation_fragment:
  - leeboard.schools.driver
"""

EXAMPLES = r"""
- name: Only root may read the keys of encrypted volumes
  leeboard.schools.key_file_permissions:
    settings:
      - address: open-to-others
        value: []
  become: true
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

from ..module_utils._linux.luks import key_files  # noqa: E402
from ..module_utils.driver_module import ARGUMENTS, run  # noqa: E402


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True), key_files)


if __name__ == "__main__":
    main()
