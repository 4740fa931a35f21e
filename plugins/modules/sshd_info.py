#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.sshd_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sshd_info
short_description: Read how sshd lets people in
description:
  - Asks sshd itself (C(sshd -T -C)) for an ordinary user, root, an administrator and somebody of each Match block.
  - Knows V(PermitRootLogin), V(PermitEmptyPasswords), V(PasswordAuthentication), V(KbdInteractiveAuthentication),
    V(PubkeyAuthentication), V(PermitUserEnvironment), V(MaxAuthTries), V(ClientAliveCountMax), V(LoginGraceTime),
    V(ClientAliveInterval), V(ChannelTimeout), V(MaxStartups.begin), V(MaxStartups.rate) and V(MaxStartups.full).
  - Changes nothing, since a slip would cut off whoever manages the device.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
extends_documentation_fragment:
  - leeboard.schools.driver.reading
"""

EXAMPLES = r"""
- name: Read how root may sign in by SSH
  leeboard.schools.sshd_info:
    addresses:
      - PermitRootLogin
  become: true
  register: ssh
"""

RETURN = r"""
readings:
  description: The reading of each address, by address; C(effective) is what counts.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ..module_utils._linux.sshd import driver as sshd  # noqa: E402
from ..module_utils.driver_module import READING, read  # noqa: E402


def main() -> None:
    read(AnsibleModule(argument_spec=READING, supports_check_mode=True), sshd)


if __name__ == "__main__":
    main()
