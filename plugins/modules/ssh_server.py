#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.ssh_server."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ssh_server
short_description: Set how sshd lets people in
description:
  - Writes keywords of sshd into a file of Leeboard's own, C(/etc/ssh/sshd_config.d/00-leeboard.conf), and reloads sshd.
    What else stands in that file stays.
  - sshd itself (C(sshd -T -C)) is asked with the new file in place, in a private mount namespace, before it is written;
    for an ordinary user, root, an administrator, somebody of each Match block and whoever is connected now. Refused,
    with file and line, where another place would still decide for any of them.
  - Refused as well where it would shut out the account, the method or the kind of key with which this very connection
    signed in, or the last administrator.
  - Knows V(PermitRootLogin), V(PermitEmptyPasswords), V(PasswordAuthentication), V(KbdInteractiveAuthentication),
    V(PubkeyAuthentication), V(PermitUserEnvironment), V(MaxAuthTries), V(ClientAliveCountMax), V(LoginGraceTime),
    V(ClientAliveInterval), V(ChannelTimeout), V(MaxStartups.begin), V(MaxStartups.rate) and V(MaxStartups.full). Times
    are seconds. V(ChannelTimeout) ends idle shells and commands, and needs OpenSSH 9.2 or later.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
extends_documentation_fragment:
  - leeboard.schools.driver
"""

EXAMPLES = r"""
- name: Root does not sign in by SSH, and nobody tries more than four times
  leeboard.schools.ssh_server:
    settings:
      - address: PermitRootLogin
        value: "no"
      - address: MaxAuthTries
        value: 4
  become: true
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

from ..module_utils._linux.sshd import driver as sshd  # noqa: E402
from ..module_utils.driver_module import ARGUMENTS, run  # noqa: E402


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True), sshd)


if __name__ == "__main__":
    main()
