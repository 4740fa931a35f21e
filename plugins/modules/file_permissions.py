#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.file_permissions."""

from __future__ import annotations

DOCUMENTATION = r"""
module: file_permissions
short_description: Set owner and mode of files below /etc, and of what belongs to auditd
description:
  - Sets owner, group and mode of a file below C(/etc); the address is its path, the value has the form
    V(root:root 0644). A link inside C(/etc) is followed, a link that leads out of it is refused.
  - V(/etc/profile.d/*.sh) with an empty list makes every start-up file root's own and writable by root only.
  - V(audit-logs), V(audit-configuration) and V(audit-tools) with an empty list close the folder and files of auditd's
    logs (root and group adm, at most 0640 in a folder of at most 0750), its configuration (root, at most 0640) and its
    programs (root, at most 0755).
  - Contents are not touched, so a log may be written to meanwhile.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
extends_documentation_fragment:
  - leeboard.schools.driver
"""

EXAMPLES = r"""
- name: Only root may change the notice
  leeboard.schools.file_permissions:
    settings:
      - address: /etc/issue
        value: root:root 0644
      - address: /etc/profile.d/*.sh
        value: []
      - address: audit-logs
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

from ..module_utils._linux.simple import file_mode  # noqa: E402
from ..module_utils.driver_module import ARGUMENTS, run  # noqa: E402


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True), file_mode)


if __name__ == "__main__":
    main()
