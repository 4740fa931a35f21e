#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.hardware_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: hardware_info
short_description: Read what hardware there is for encryption to lean on
description:
  - Says which TPM a machine has, whether an IOMMU keeps devices from its memory, and whether a strange Thunderbolt
    device is let at it.
  - Knows V(tpm), V(iommu) and V(thunderbolt).
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
extends_documentation_fragment:
  - leeboard.schools.driver.reading
"""

EXAMPLES = r"""
- name: Read the hardware
  leeboard.schools.hardware_info:
  become: true
  register: found

- name: Show the version of the TPM
  ansible.builtin.debug:
    var: found.readings['tpm'].effective
"""

RETURN = r"""
readings:
  description: The reading of each address, by address; C(effective) is what counts.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ..module_utils._linux.simple import hardware  # noqa: E402
from ..module_utils.driver_module import READING, read  # noqa: E402


def main() -> None:
    read(AnsibleModule(argument_spec=READING, supports_check_mode=True), hardware)


if __name__ == "__main__":
    main()
