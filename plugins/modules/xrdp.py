#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.xrdp."""

from __future__ import annotations

DOCUMENTATION = r"""
module: xrdp
short_description: Let xrdp encrypt with TLS only
description:
  - With V(security_layer), whose value is C(tls), writes it to C(/etc/xrdp/xrdp.ini), which xrdp reads for each
    connection.
  - Refuses where xrdp has no certificate or cannot read its key, since nobody could come in then.
  - V(rdpdr) and V(cliprdr) are only read.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
extends_documentation_fragment:
  - leeboard.schools.driver
"""

EXAMPLES = r"""
- name: Let xrdp encrypt with TLS only
  leeboard.schools.xrdp:
    settings:
      - address: security_layer
        value: tls
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

from ..module_utils._linux.simple import xrdp  # noqa: E402
from ..module_utils.driver_module import ARGUMENTS, run  # noqa: E402


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True), xrdp)


if __name__ == "__main__":
    main()
