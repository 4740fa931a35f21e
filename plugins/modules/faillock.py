#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.faillock."""

from __future__ import annotations

DOCUMENTATION = r"""
module: faillock
short_description: Stop whoever guesses passwords at sign-in
description:
  - Lets PAM call C(pam_faillock), by two profiles of its own for C(pam-auth-update), and sets its numbers in
    C(/etc/security/faillock.conf). All else in that file stays.
  - Every way in that asks for a password (console, SSH, GDM, LightDM, SDDM) is tried through C(libpam) before the
    change and after it, with an account that exists for that moment alone. Where the right password is refused
    afterwards, or a wrong one is not, the files are put back.
  - A mistake in PAM locks everybody out, so the module works only under an armed checkpoint.
  - Refuses where C(/etc/pam.d/common-*) were changed by hand, where a line of PAM says another number itself, where
    somebody else's line would answer otherwise than now, and where the system has no C(pam-auth-update).
  - Knows V(pam) (only V(true) is written), V(deny), V(unlock_time), V(fail_interval), V(root_unlock_time) (seconds) and
    V(even_deny_root).
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
extends_documentation_fragment:
  - leeboard.schools.driver
"""

EXAMPLES = r"""
- name: Shut an account for a quarter of an hour after ten wrong passwords
  leeboard.schools.faillock:
    settings:
      - address: pam
        value: true
      - address: deny
        value: 10
      - address: unlock_time
        value: 900
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
warnings:
  description: The account by which the device is managed, where others can shut it out by guessing.
  returned: where there are any
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ..module_utils._linux.faillock import driver as faillock  # noqa: E402
from ..module_utils.driver_module import ARGUMENTS, run  # noqa: E402


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True), faillock)


if __name__ == "__main__":
    main()
