#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.kconfig_policy."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kconfig_policy
short_description: Set and lock the lock screen of KDE Plasma for all users
description:
  - Sets values of the group C([Daemon]) in C(/etc/xdg/kscreenlockerrc), makes the group immutable, and proves what
    ordinary users then get. Everything else in the file stays as it is.
  - Refuses where something else would still decide, and names it. That is a group which C(kdeglobals) makes immutable
    first, a folder of C(XDG_CONFIG_DIRS) before C(/etc/xdg) as long as the group is not immutable, or a session without
    C(/etc/xdg).
  - Leaves a machine alone that already comes to what is wanted, whoever wrote it.
  - Every file that is overwritten is kept in C(/var/lib/leeboard/journal) first.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
notes:
  - An address is V(kscreenlockerrc:Daemon.Timeout), or likewise with V(Autolock), V(Lock), V(LockGrace),
    V(LockOnResume) or V(RequirePassword) at its end. V(Timeout) is in minutes, V(LockGrace) in seconds, the rest is
    V(true) or V(false).
  - With C(#immutable) at its end it is the lock, and the value is then V(true). The lock is that of the whole group.
    On a key alone it protects nothing, since users could still set the key for their language.
  - People who are signed in keep what they have until they sign in again.
extends_documentation_fragment:
  - leeboard.schools.driver
"""

EXAMPLES = r"""
- name: Plasma locks the screen after ten minutes, for everybody
  leeboard.schools.kconfig_policy:
    settings:
      - address: kscreenlockerrc:Daemon.Timeout
        value: 10
      - address: kscreenlockerrc:Daemon.Timeout#immutable
        value: true
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

from ..module_utils._linux.kconfig import driver as kconfig  # noqa: E402
from ..module_utils.driver_module import ARGUMENTS, run  # noqa: E402


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True), kconfig)


if __name__ == "__main__":
    main()
