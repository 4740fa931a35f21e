#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.audit_rules."""

from __future__ import annotations

DOCUMENTATION = r"""
module: audit_rules
short_description: Put rules of the Linux audit system on disk and into the kernel
description:
  - Writes rules into files of Leeboard's own in C(/etc/audit/rules.d), one line for each architecture, and loads them
    with C(augenrules --load). What another file or a broader rule records already is left as it is.
  - An address is a rule's text without action and architecture, V(privileged) (all setuid and setgid programs; the
    value is the empty list), V(locked) (C(-e 2)) or V(continue) (C(-c)).
  - Puts the whole folder together first, and refuses where a line would not load, or a rule that comes before would
    keep the new one from recording anything.
  - While the rules are locked only files are written. The kernel takes them at the next start.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
extends_documentation_fragment:
  - leeboard.schools.driver
"""

EXAMPLES = r"""
- name: Record changes to the accounts
  leeboard.schools.audit_rules:
    settings:
      - address: -F path=/etc/passwd -F perm=wa -F key=identity
        value: true
      - address: -F path=/etc/shadow -F perm=wa -F key=identity
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

from ..module_utils._linux.audit import rules as audit_rules  # noqa: E402
from ..module_utils.driver_module import ARGUMENTS, run  # noqa: E402


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True), audit_rules)


if __name__ == "__main__":
    main()
