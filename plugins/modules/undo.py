#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action `undo`; the work is done on the controller, in plugins/action/undo.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: undo
short_description: Put back on a device what one run of Leeboard changed
version_added: 0.1.0
description:
  - Recognises the device, as the check does, and does nothing on another machine.
  - Puts back what was there before the run, absence included, from the undo journal on the device.
  - What somebody changed since the run is left alone, and RV(left) says so. So is all that belongs to encryption.
  - Ends with an observation. The evidence has every change, with the run that was undone.
  - Works on Linux (M(leeboard.schools.journal_undo)) and on Windows (M(leeboard.schools.win_journal_undo)).
options:
  run:
    description: The id of the run to undo.
    type: str
    required: true
  report:
    description:
      - A folder on the controller into which what came of it is written, one JSON file for each device.
      - The command C(leeboard undo) reads it.
    type: path
    default: ""
notes:
  - The inventory variable C(leeboard_enforce) is not changed. While it names a family, the next roll-out changes the
    same again.
attributes:
  check_mode:
    description: Says what would be put back and what would be left.
    support: full
  diff_mode:
    description: Shows each file or value before and after.
    support: full
  idempotent:
    description: A second undo of the same run changes nothing.
    support: full
author:
  - Leeboard (@leeboard)
"""

EXAMPLES = r"""
- name: Undo a roll-out
  leeboard.schools.undo:
    run: 20261125T021000Z-1a2b3c4d
"""

RETURN = r"""
put_back:
  description: What was put back, each with C(driver), C(addresses), C(target) and C(was).
  returned: when the device was observed
  type: list
  elements: dict
already:
  description: What was as before the run already.
  returned: when the device was observed
  type: list
  elements: dict
left:
  description: What was left alone, each with C(target) and C(why).
  returned: when the device was observed
  type: list
  elements: dict
remarks:
  description: What else there is to know, such as a restart that is needed.
  returned: when the device was observed
  type: list
  elements: str
leeboard:
  description:
    - The evidence of the last visit, as docs/evidence.md describes a device's line, with the changes made.
    - It is one text of JSON, which P(ansible.builtin.from_json#filter) takes apart.
    - A failed result has it as C(invocation.leeboard), which Ansible prints with C(-vvv) alone.
  returned: when the device was observed
  type: str
msg:
  description: How much was put back and left, or why nothing was done.
  returned: always
  type: str
"""
