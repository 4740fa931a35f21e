#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.time_service."""

from __future__ import annotations

DOCUMENTATION = r"""
module: time_service
short_description: Let one time service run, and name its servers
description:
  - With V(service), switches on a time service that is installed, where none runs. Refuses where two run.
  - With V(servers), a text of names with blanks between them, writes C(/etc/systemd/timesyncd.conf.d/zz-leeboard.conf).
    Refuses where chrony, ntpsec or openntpd runs, where a later file names other servers, and where the network gives
    one that is not among them.
  - V(synchronised) and V(user) are only read.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
extends_documentation_fragment:
  - leeboard.schools.driver
"""

EXAMPLES = r"""
- name: Ask the school's own time server only
  leeboard.schools.time_service:
    settings:
      - address: service
        value: systemd-timesyncd
      - address: servers
        value: time.example.sch.uk
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

from ..module_utils._linux.clock import driver as clock  # noqa: E402
from ..module_utils.driver_module import ARGUMENTS, run  # noqa: E402


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True), clock)


if __name__ == "__main__":
    main()
