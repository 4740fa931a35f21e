#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.kernel_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kernel_info
short_description: Read how the kernel was started, and what its audit system says
description:
  - Says what value a boot option has for the running kernel, and what C(auditctl -s) says of its audit system.
  - Knows V(cmdline:NAME) for any boot option, V(next:NAME) for what it will be at the next start, and
    V(audit:enabled), V(audit:pid), V(audit:backlog_limit), V(audit:rate_limit), V(audit:lost) and
    V(audit:failure), which need root.
  - Changes nothing, since a wrong boot option can keep a machine from starting.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
options:
  addresses:
    description: What to read.
    type: list
    elements: str
    required: true
extends_documentation_fragment:
  - leeboard.schools.driver.reading
"""

EXAMPLES = r"""
- name: Read whether the kernel records events, and for whom
  leeboard.schools.kernel_info:
    addresses:
      - audit:enabled
      - audit:pid
      - cmdline:audit
  register: kernel
"""

RETURN = r"""
readings:
  description: The reading of each address, by address; C(effective) is what counts.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ..module_utils._linux.system import kernel  # noqa: E402
from ..module_utils.driver_module import READING_NAMED, read_named  # noqa: E402


def main() -> None:
    read_named(AnsibleModule(argument_spec=READING_NAMED, supports_check_mode=True), kernel)


if __name__ == "__main__":
    main()
