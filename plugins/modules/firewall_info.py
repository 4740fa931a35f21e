#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.firewall_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: firewall_info
short_description: Read what a stranger's packet meets
description:
  - Looks at the rules in the kernel (nftables and both kinds of iptables) and at those that will be loaded at the next
    start, for IPv4 and IPv6.
  - Knows V(inbound-ipv4), V(inbound-ipv6), V(after-restart-ipv4), V(after-restart-ipv6), V(outbound-ipv4) and
    V(outbound-ipv6); each is V(drop), V(reject), V(accept) or V(off).
  - Changes nothing, since a slip would cut off whoever manages the device.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
extends_documentation_fragment:
  - leeboard.schools.driver.reading
"""

EXAMPLES = r"""
- name: Read what strangers meet
  leeboard.schools.firewall_info:
  become: true
  register: strangers
"""

RETURN = r"""
readings:
  description: The reading of each address, by address; C(effective) is what counts.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ..module_utils._linux.firewall import driver as firewall  # noqa: E402
from ..module_utils.driver_module import READING, read  # noqa: E402


def main() -> None:
    read(AnsibleModule(argument_spec=READING, supports_check_mode=True), firewall)


if __name__ == "__main__":
    main()
