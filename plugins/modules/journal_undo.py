#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.journal_undo."""

from __future__ import annotations

DOCUMENTATION = r"""
module: journal_undo
short_description: Put back on a Linux device what one run changed
description:
  - Reads the undo journal of one run on the device and puts back what was there before the run, content, owner, mode
    and absence of files, and units of systemd that were switched on.
  - What is no longer as the run left it was changed by somebody else since. It is left alone, and RV(left) says so.
  - Nothing that belongs to encryption is ever undone. Packages stay installed.
  - Runs the commands that load what was put back. The undo has a journal of its own, so it can be undone as well.
  - The M(leeboard.schools.undo) action calls this module, after it has recognised the device.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
options:
  run:
    description: The id of the run to undo, as in the name of its journal.
    type: str
    required: true
  run_id:
    description: The id under which the undo keeps its own journal. By default one is made from the time.
    type: str
attributes:
  check_mode:
    description: Says what would be put back and what would be left.
    support: full
  diff_mode:
    description: Shows each file before and after.
    support: full
  idempotent:
    description: A second undo of the same run changes nothing.
    support: full
  platform:
    description: The target platform.
    support: full
    platforms: posix
"""

EXAMPLES = r"""
- name: See what an undo would put back
  leeboard.schools.journal_undo:
    run: 20261125T021000Z-1a2b3c4d
  become: true
  check_mode: true
  register: preview

- name: Put it back
  leeboard.schools.journal_undo:
    run: 20261125T021000Z-1a2b3c4d
  become: true
"""

RETURN = r"""
found:
  description: Whether the device has a journal of the run.
  returned: success
  type: bool
put_back:
  description: What was put back, each with C(driver), C(addresses), C(target) and C(was).
  returned: success
  type: list
  elements: dict
already:
  description: What was as before the run already.
  returned: success
  type: list
  elements: dict
left:
  description: What was left alone, each with C(driver), C(addresses), C(target) and C(why).
  returned: success
  type: list
  elements: dict
commands:
  description: The commands that loaded what was put back.
  returned: success
  type: list
  elements: str
remarks:
  description: What else there is to know, such as a restart that is needed.
  returned: success
  type: list
  elements: str
journal:
  description: Path of the undo's own journal on the device, or null where nothing was changed.
  returned: success
  type: str
"""

import time  # noqa: E402

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ..module_utils._linux.engine.host import Host, HostError  # noqa: E402
from ..module_utils._linux.engine.journal_read import JournalRefused  # noqa: E402
from ..module_utils._linux.undo.run import UndoFailed, undo  # noqa: E402


def main() -> None:
    arguments = {"run": {"type": "str", "required": True}, "run_id": {"type": "str"}}
    module = AnsibleModule(argument_spec=arguments, supports_check_mode=True)
    run_id = module.params["run_id"] or time.strftime("module-undo-%Y%m%dT%H%M%SZ", time.gmtime())
    try:
        outcome = undo(Host(), module.params["run"], run_id, check=module.check_mode)
    except UndoFailed as problem:
        module.fail_json(msg=f"undo: {problem}", **problem.outcome)
    except (JournalRefused, HostError, ValueError) as problem:
        module.fail_json(msg=f"undo: {problem}")
    except OSError as problem:
        module.fail_json(msg=f"undo: {problem}; nothing that is not in the journal was changed")
    module.exit_json(**outcome)


if __name__ == "__main__":
    main()
