#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action `enforce`; the work is done on the controller, in plugins/action/enforce.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: enforce
short_description: Bring families of controls on a device to its Leeboard baseline
version_added: 0.1.0
description:
  - Observes the device, plans the next safe steps, runs the modules for them, and observes again until nothing is left.
  - Does nothing, and says so, for a family that the inventory variable C(leeboard_enforce) of the device does not name.
  - Several families cost the same visits as one. What one of them is refused keeps the others from nothing; the task
    fails in the end.
  - What could not be proved by the last observation is reported as drifted.
  - The settings and values that a waiver covers are left alone; anything else in the same control is drift, and mended.
options:
  families:
    description: The three letters of each family, such as C(LCK).
    type: list
    elements: str
    required: true
    aliases: [family]
notes:
  - Every value that is overwritten is written to a journal in C(/var/lib/leeboard/journal) on the device first.
attributes:
  check_mode:
    description: Reports every change that would be made, not only the first.
    support: full
  diff_mode:
    description: Shows each file before and after.
    support: full
  idempotent:
    description: A second run on an unchanged device changes nothing.
    support: full
author:
  - Leeboard (@leeboard)
"""

EXAMPLES = r"""
- name: Bring the screen lock to the baseline
  leeboard.schools.enforce:
    family: LCK

- name: Bring screen lock and labelling to the baseline
  leeboard.schools.enforce:
    families: [LCK, LBL]
"""

RETURN = r"""
drifted:
  description: Whether a control of these families is still drifted.
  returned: success
  type: bool
leeboard:
  description:
    - The evidence of the last visit, as docs/evidence.md describes a device's line, with the changes made.
    - It is one text of JSON, which P(ansible.builtin.from_json#filter) takes apart.
    - A failed result has it as C(invocation.leeboard), which Ansible prints with C(-vvv) alone.
  returned: when the device was observed
  type: str
msg:
  description: The findings in one line, or why nothing was done.
  returned: always
  type: str
waived:
  description:
    - The controls of which nothing has drifted but what a waiver covers at this moment. They count as no drift; the
      evidence says what was found.
  returned: when the device was observed
  type: list
  elements: dict
  contains:
    control:
      description: The control that is waived.
      type: str
    waiver:
      description: The id of the waiver.
      type: str
    owner:
      description: Who owns the risk.
      type: str
    approved_by:
      description: Who accepted it.
      type: str
    last_day:
      description: The last day on which it holds.
      type: str
    reason:
      description: Why.
      type: str
"""
