#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action `enforce`; the work is done on the controller, in plugins/action/enforce.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: enforce
short_description: Bring one family of controls on a device to its Leeboard baseline
version_added: 0.1.0
description:
  - Observes the device, plans the next safe steps, runs the modules for them, and observes again until nothing is left.
  - Does nothing, and says so, unless the inventory variable C(leeboard_enforce) of the device names the family.
  - What could not be proved by the last observation is reported as drifted.
options:
  family:
    description: The three letters of the family, such as C(LCK).
    type: str
    required: true
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
"""

RETURN = r"""
drifted:
  description: Whether a control of the family is still drifted.
  returned: success
  type: bool
leeboard:
  description: The evidence of the last visit, as docs/evidence.md describes a device's line, with the changes made.
  returned: when the device was observed
  type: dict
msg:
  description: The findings in one line, or why nothing was done.
  returned: always
  type: str
waived:
  description:
    - What drifted and is an accepted risk at this moment. It counts as no drift; the evidence says what was found.
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
