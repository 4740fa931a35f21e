#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.xrdp_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: xrdp_info
short_description: Read how xrdp lets people in
description:
  - Reads C(/etc/xrdp/xrdp.ini), as xrdp does for each connection.
  - Knows V(security_layer), V(rdpdr) and V(cliprdr).
  - Changes nothing, since a slip would cut off whoever works through xrdp.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
extends_documentation_fragment:
  - leeboard.schools.driver.reading
"""

EXAMPLES = r"""
- name: Read how xrdp encrypts
  leeboard.schools.xrdp_info:
    addresses:
      - security_layer
  register: remote
"""

RETURN = r"""
readings:
  description: The reading of each address, by address; C(effective) is what counts.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ..module_utils._linux.simple import xrdp  # noqa: E402
from ..module_utils.driver_module import READING, read  # noqa: E402


def main() -> None:
    read(AnsibleModule(argument_spec=READING, supports_check_mode=True), xrdp)


if __name__ == "__main__":
    main()
