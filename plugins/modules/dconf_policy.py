#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.dconf_policy."""

from __future__ import annotations

DOCUMENTATION = r"""
module: dconf_policy
short_description: Set and lock GNOME settings for all users and for the greeter
description:
  - Sets GNOME's settings for everybody on a machine, locks them, and proves the result by asking GSettings as an
    ordinary user.
  - Creates C(/etc/dconf/profile/user) where it is missing, since system databases are ignored without it. Writes to
    the database that decides, with the type that the schema wants, and compiles.
  - Leaves a machine alone whose key files already come to what is wanted, whoever wrote them.
  - The greeter's settings go to C(/etc/gdm3/greeter.dconf-defaults) or to a database above it that sets the key.
  - Every file that is overwritten is kept in C(/var/lib/leeboard/journal) first.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
requirements:
  - the packages dconf-cli and libglib2.0-bin on the device
notes:
  - An address is the path of a key, as in C(/org/gnome/desktop/session/idle-delay), and its value true, false, a
    number, a text or a list of texts.
  - With C(#lock) at its end it is the key's lock, and the value is then V(true). A lock without a value in the same
    database would reset users to the schema's default, so the value that they get at present is written with it.
  - With C(gdm:) before it, it is what the greeter gets.
  - The type is the GVariant type, for keys that no schema on the device has; else the schema decides.
extends_documentation_fragment:
  - leeboard.schools.driver
"""

EXAMPLES = r"""
- name: Lock the screen after ten minutes, for everybody
  leeboard.schools.dconf_policy:
    settings:
      - address: /org/gnome/desktop/session/idle-delay
        value: 600
      - address: /org/gnome/desktop/session/idle-delay#lock
        value: true

- name: Show no list of users on the greeter
  leeboard.schools.dconf_policy:
    settings:
      - address: gdm:/org/gnome/login-screen/disable-user-list
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

from ..module_utils._linux.dconf import driver as dconf  # noqa: E402
from ..module_utils.driver_module import ARGUMENTS, run  # noqa: E402


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True), dconf)


if __name__ == "__main__":
    main()
