#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action `check`; the work is done on the controller, in plugins/action/check.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: check
short_description: Check a device against its Leeboard baseline
version_added: 0.1.0
description:
  - Visits the device once, reads everything that any level of the baseline names, and judges every control.
  - Nothing is changed. Drift is C(ok) with RV(drifted=true), neither changed nor failed, unless O(fail_on_drift) is
    set.
  - The task fails when the device gave no usable answer, when another machine answered at its address, and when the
    callback P(leeboard.schools.evidence#callback) is not enabled.
options:
  fail_on_drift:
    description:
      - Let the task fail when a control that is enforced has drifted, or one that fails in mode report too, as ENC-01
        does on a portable.
    type: bool
    default: false
notes:
  - The device is described by C(leeboard_*) inventory variables.
  - The Python package C(leeboard) must be installed on the controller, in the version of this collection.
attributes:
  check_mode:
    description: The check is the same in check mode; it never changes anything.
    support: full
  diff_mode:
    description: There is nothing to show, since nothing changes.
    support: none
  idempotent:
    description: A second check of an unchanged device gives the same findings.
    support: full
author:
  - Leeboard (@leeboard)
"""

EXAMPLES = r"""
- name: Check the device
  leeboard.schools.check:

- name: Check the device, and stop here when it has drifted
  leeboard.schools.check:
    fail_on_drift: true
"""

RETURN = r"""
drifted:
  description: Whether any control has drifted.
  returned: success
  type: bool
leeboard:
  description:
    - The evidence of the visit, as docs/evidence.md describes a device's line.
    - It is one text of JSON, which P(ansible.builtin.from_json#filter) takes apart.
    - A failed result has it as C(invocation.leeboard), which Ansible prints with C(-vvv) alone.
  returned: when the device was observed
  type: str
msg:
  description: The findings in one line.
  returned: always
  type: str
  sample: 2 drifted, 14 compliant
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
