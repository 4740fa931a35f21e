#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.login_banner."""

from __future__ import annotations

DOCUMENTATION = r"""
module: login_banner
short_description: Set the texts before and after sign-in
description:
  - Sets the text that a console shows before sign-in (V(/etc/issue), with its fragments), the text for SSH
    (V(/etc/issue.net)) and the message after sign-in (V(motd)).
  - V(motd-scripts) with an empty list takes the execute bits of those scripts in C(/etc/update-motd.d) that print
    system details.
  - Refuses where a text outside C(/etc) would still be shown. Whether SSH shows C(/etc/issue.net) is up to
    M(leeboard.schools.config_dropin).
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
extends_documentation_fragment:
  - leeboard.schools.driver
"""

EXAMPLES = r"""
- name: Show the school's notice on consoles
  leeboard.schools.login_banner:
    settings:
      - address: /etc/issue
        value: "For members of the school only. Use is recorded."
      - address: motd-scripts
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

from ..module_utils._linux.banner import driver as banner  # noqa: E402
from ..module_utils.driver_module import ARGUMENTS, run  # noqa: E402


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True), banner)


if __name__ == "__main__":
    main()
