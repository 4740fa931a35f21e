#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.shell_timeout."""

from __future__ import annotations

DOCUMENTATION = r"""
module: shell_timeout
short_description: Close text consoles that nobody uses
description:
  - Sets C(TMOUT) for every login shell that reads C(/etc/profile) and for bash in terminal windows, read-only and
    exported, and proves it by asking a bash that runs as nobody.
  - An assignment of C(TMOUT) in another start-up file is switched off in place; a line that does more than that is not
    touched, and the module refuses.
  - Knows V(TMOUT) (seconds), V(TMOUT#readonly) and V(TMOUT#exported) (V(true)).
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
extends_documentation_fragment:
  - leeboard.schools.driver
"""

EXAMPLES = r"""
- name: Close consoles after a quarter of an hour
  leeboard.schools.shell_timeout:
    settings:
      - address: TMOUT
        value: 900
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

from ..module_utils._linux.simple import shell_timeout  # noqa: E402
from ..module_utils.driver_module import ARGUMENTS, run  # noqa: E402


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True), shell_timeout)


if __name__ == "__main__":
    main()
