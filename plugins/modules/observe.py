#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.observe."""

from __future__ import annotations

DOCUMENTATION = r"""
module: observe
short_description: Look at a Linux device once, with all drivers
description:
  - Reads everything that the baseline asks of a device in one process, and returns it as one observation, with the
    machine's identity, the facts that decide which controls apply, and what the visit cost.
  - Changes nothing. What cannot be read is returned as unreadable with its reason, and never as absent.
  - Judges nothing; that is up to the M(leeboard.schools.check) action, which calls this module.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
options:
  addresses:
    description: The addresses to read, by driver.
    type: dict
    required: true
  unpackaged:
    description:
      - Absolute paths of programs, and of libraries in C(/etc/ld.so.preload), that belong to no package because the
        school put them there. Anything else that is not as its package has it makes the readings that rest on it
        unreadable.
    type: list
    elements: str
    default: []
  challenge:
    description:
      - A text that the observation echoes, so that whoever asked knows it for the answer to this visit. At most 64
        small letters and digits.
      - The actions of this collection always send one. Used alone, the module needs none.
    type: str
    version_added: 0.1.0
attributes:
  check_mode:
    description: Only reads, so check mode makes no difference.
    support: full
  diff_mode:
    description: Only reads, so there is nothing to show.
    support: none
  idempotent:
    description: Changes nothing.
    support: full
  platform:
    description: The target platform.
    support: full
    platforms: posix
"""

EXAMPLES = r"""
- name: Look at the screen lock's time and at the notice
  leeboard.schools.observe:
    addresses:
      dconf:
        - /org/gnome/desktop/session/idle-delay
      banner:
        - /etc/issue
  become: true
  register: seen
"""

RETURN = r"""
observation:
  description: Identity, facts, readings and cost of the visit.
  returned: success
  type: dict
"""

import re  # noqa: E402

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ..module_utils.compile_once import compile_once  # noqa: E402


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "addresses": {"type": "dict", "required": True},
            "unpackaged": {"type": "list", "elements": "str", "default": []},
            "challenge": {"type": "str"},
        },
        supports_check_mode=True,
    )
    addresses = module.params["addresses"]
    for driver, wanted in addresses.items():
        if not isinstance(wanted, list) or not all(isinstance(address, str) for address in wanted):
            module.fail_json(msg=f"addresses.{driver} must be a list of texts")
    challenge = module.params["challenge"] or ""
    if not re.match(r"[0-9a-z]{0,64}\Z", challenge):
        module.fail_json(msg="challenge must be at most 64 small letters and digits")
    compile_once()
    # Only now: what is imported before it is compiled twice.
    from ..module_utils._linux.engine.host import Host
    from ..module_utils._linux.visit import visit

    module.exit_json(changed=False, observation=visit(Host(), addresses, module.params["unpackaged"], challenge))


if __name__ == "__main__":
    main()
