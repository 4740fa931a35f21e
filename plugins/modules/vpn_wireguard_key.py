#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.vpn_wireguard_key."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vpn_wireguard_key
short_description: Make a device's key of WireGuard, and ask whether its gateway knows it
description:
  - With V(made) a key is made on the device, which never leaves it, and its public half is returned. One that is there
    stays, unless it is one of O(not_again), or somebody else could have read it.
  - With V(tried) the gateway is called by an interface that carries nothing and is taken away again. Where the school's
    tunnel is up, that is asked instead. No route of the device is touched.
  - With V(read) nothing is changed.
  - The action M(leeboard.schools.enforce) does all of that in a roll-out, where a VPN of WireGuard is declared, before
    it writes the tunnel (M(leeboard.schools.vpn_tunnel)).
  - The key lies in C(/etc/wireguard/leeboard.key), root's alone.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
options:
  state:
    description: What is to be done.
    type: str
    choices: [made, tried, read]
    default: read
  not_again:
    description: Public keys of this device that count no more.
    type: list
    elements: str
    default: []
  tunnel:
    description: The tunnel in words, as M(leeboard.schools.vpn_tunnel) takes it. Needed with V(tried).
    type: str
attributes:
  check_mode:
    description: Whether the module changes nothing in check mode, and says what it would change.
    support: full
  diff_mode:
    description: Whether the module shows what differs.
    support: none
"""

EXAMPLES = r"""
- name: Make the key
  leeboard.schools.vpn_wireguard_key:
    state: made
  register: made

- name: Show its public half, for the gateway
  ansible.builtin.debug:
    var: made.public_key
"""

RETURN = r"""
public_key:
  description: The public half of the device's key in base64, empty where it has none that can be used.
  returned: success
  type: str
answered:
  description: Whether the gateway answered the device's key.
  returned: with V(tried), but in check mode
  type: bool
installed:
  description: Whether wireguard-tools is installed.
  returned: success
  type: bool
in_the_way:
  description: Why this device can have no tunnel of WireGuard of ours, empty where at most the packages are missing.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ..module_utils._linux.engine.edits import ChangeRefused  # noqa: E402
from ..module_utils._linux.engine.host import Host, HostError  # noqa: E402
from ..module_utils._linux.vpn.wireguard import key as wireguard_key  # noqa: E402
from ..module_utils._linux.vpn.wireguard import make as wireguard_make  # noqa: E402
from ..module_utils._linux.vpn.wireguard import words as wireguard_words  # noqa: E402

ARGUMENTS = {
    "state": {"type": "str", "choices": ["made", "tried", "read"], "default": "read"},
    # They are public; Ansible takes any name with "key" in it for a secret that somebody forgot to hide.
    "not_again": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "tunnel": {"type": "str"},
}


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENTS, required_if=[("state", "tried", ("tunnel",))], supports_check_mode=True
    )
    try:
        result = _done(module, Host())
    except (ChangeRefused, HostError, OSError) as problem:
        module.fail_json(msg=f"vpn_wireguard_key: {problem}")
    module.exit_json(**result)


def _done(module: AnsibleModule, host: Host) -> dict:
    asked, result = module.params, {"changed": False}
    result["installed"], result["in_the_way"] = wireguard_key.installed(host), wireguard_key.in_the_way(host)
    there = wireguard_key.public_key(host) if result["installed"] else ""
    if result["in_the_way"] or asked["state"] == "read":
        return {**result, "public_key": there}
    if not host.is_root:
        raise HostError("needs_root", "only root may have the key of the VPN")
    if module.check_mode:
        due = asked["state"] == "made" and (not there or there in asked["not_again"])
        return {**result, "changed": due, "public_key": there}
    if asked["state"] == "made":
        result["changed"], there = wireguard_make.make(host, asked["not_again"])
    else:
        if not there:
            raise ChangeRefused("the device has no key of WireGuard yet")
        result["answered"] = wireguard_key.answered(host, wireguard_words.parse(asked["tunnel"]))
    return {**result, "public_key": there}


if __name__ == "__main__":
    main()
