#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.remmina."""

from __future__ import annotations

DOCUMENTATION = r"""
module: remmina
short_description: Take saved passwords out of Remmina
description:
  - With V(saved-passwords), whose value is V([]), empties each password in the profiles of the remote desktop client
    Remmina in all homes; owner, mode and the rest of a profile stay.
  - This cannot be undone. No password stands in the undo journal, in the diff, or in what is returned.
  - What lies in a keyring stays there, and no profile asks for it any more.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
extends_documentation_fragment:
  - leeboard.schools.driver
"""

EXAMPLES = r"""
- name: Take out what people saved
  leeboard.schools.remmina:
    settings:
      - address: saved-passwords
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

from ..module_utils._linux.simple import remmina  # noqa: E402
from ..module_utils.driver_module import ARGUMENTS, run  # noqa: E402


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True), remmina)


if __name__ == "__main__":
    main()
