#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.firewall."""

from __future__ import annotations

DOCUMENTATION = r"""
module: firewall
short_description: Keep strangers out, by IPv4 and IPv6, now and after a restart
description:
  - Drops whatever comes in but answers, ICMP and what IPv6 needs, DHCP, the management port from the networks in
    V(management), the ports in V(openings), the services in V(services), and DNS and DHCP for the machine's own guests.
  - Writes with what the machine uses, which is ufw where it is switched on, firewalld where it is enabled, and
    elsewhere the table C(inet leeboard) of nftables in C(/etc/leeboard/firewall.nft), loaded by
    C(leeboard-firewall.service). Rules of others are left alone.
  - V(inbound-ipv4), V(inbound-ipv6), V(after-restart-ipv4) and V(after-restart-ipv6) take V(drop); to ask for one of
    them is to ask for the whole firewall, with what is let in already.
  - Refuses two firewalls at once and one that it does not know, a file of nftables that does not parse, a read-only
    C(/etc), a device without systemd, management networks that do not hold the address that the session comes from,
    and rules that would still let strangers in.
  - A change could cut off whoever makes it. It runs under a checkpoint only.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
extends_documentation_fragment:
  - leeboard.schools.driver
"""

EXAMPLES = r"""
- name: Let only the school's technicians in
  leeboard.schools.firewall:
    settings:
      - address: inbound-ipv4
        value: drop
      - address: management
        value: 10.20.0.0/16 2001:db8:5::/48
      - address: openings
        value: tcp:443
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

from ..module_utils._linux.firewall import driver as firewall  # noqa: E402
from ..module_utils.driver_module import ARGUMENTS, run  # noqa: E402


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True), firewall)


if __name__ == "__main__":
    main()
