#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.vpn_stack_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vpn_stack_info
short_description: Say which programs for VPNs may be installed or taken away
description:
  - charon-systemd takes the place of the older charon of strongSwan, and ends the tunnels that it carries.
  - Says why it may not be installed, as a warning too. Where we come through such a tunnel it never may.
  - Names the packages of programs for PPTP and L2TP that are there, and says why they may not be taken away.
  - Changes nothing.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
options:
  replace:
    description: Whether the school said that another IPsec program may be replaced.
    type: bool
    default: false
attributes:
  check_mode:
    description: Whether the module changes nothing in check mode, and says what it would change.
    support: full
  diff_mode:
    description: Whether the module shows what differs.
    support: none
"""

EXAMPLES = r"""
- name: Ask whether charon-systemd may be installed
  leeboard.schools.vpn_stack_info:
  register: stack

- name: Install it
  ansible.builtin.apt:
    name:
      - charon-systemd
      - strongswan-swanctl
  when: stack.refusal == ""
"""

RETURN = r"""
refusal:
  description: Why it may not be installed, empty where it may, or is there.
  returned: success
  type: str
old_packages:
  description: The packages of programs for PPTP and L2TP that are installed.
  returned: success
  type: list
  elements: str
old_refusal:
  description: Why these may not be taken away, empty where they may, or where there are none.
  returned: success
  type: str
installed:
  description: Whether charon-systemd and swanctl are installed.
  returned: success
  type: bool
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ..module_utils._linux.engine.host import Host, HostError  # noqa: E402
from ..module_utils._linux.vpn.profiles import old_packages  # noqa: E402
from ..module_utils._linux.vpn.strongswan import stacks  # noqa: E402


def main() -> None:
    module = AnsibleModule(
        argument_spec={"replace": {"type": "bool", "default": False}},
        supports_check_mode=True,
    )
    host = Host()
    try:
        there = stacks.installed(host)
        refusal = "" if there else stacks.refusal(host, module.params["replace"])
        old = old_packages.installed(host)
        old_refusal = old_packages.refusal(host) if old else ""
    except (HostError, OSError) as problem:
        module.fail_json(msg=f"vpn: {problem}")
    if refusal:
        module.warn(f"charon-systemd is not installed for the VPN: {refusal}")
    module.exit_json(changed=False, installed=there, refusal=refusal, old_packages=old, old_refusal=old_refusal)


if __name__ == "__main__":
    main()
