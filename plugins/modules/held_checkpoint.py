#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action `held_checkpoint`; the work is done on the controller, in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: held_checkpoint
short_description: Say who holds a device's checkpoint, or have the device put itself back
version_added: 0.1.0
description:
  - Recognises the device, as the check does, and does nothing on another machine.
  - Says whether a change that could cut off waits to be confirmed, whose it is, and what is not back yet.
  - Nothing is confirmed by it. That needs the token, which the run that armed the checkpoint alone has, or somebody who
    signs in anew at the device (C(leeboard-checkpoint confirm)).
options:
  work:
    description:
      - V(status) says how it stands.
      - V(rollback) lets the device put itself back at once, and waits for that.
    type: str
    choices: [status, rollback]
    default: status
  report:
    description:
      - A folder on the controller into which what came of it is written, one JSON file for each device.
      - The command C(leeboard checkpoint) reads it.
    type: path
    default: ""
attributes:
  check_mode:
    description: Says how it stands, and puts nothing back.
    support: full
  diff_mode:
    description: There is nothing that could be shown.
    support: none
  idempotent:
    description: Where no checkpoint is held nothing is changed.
    support: full
author:
  - Leeboard (@leeboard)
"""

EXAMPLES = r"""
- name: See whether a checkpoint is held
  leeboard.schools.held_checkpoint:

- name: Put the device back now
  leeboard.schools.held_checkpoint:
    work: rollback
"""

RETURN = r"""
state:
  description: none, armed, confirmed, putting-back or back.
  returned: when the device was observed
  type: str
leeboard:
  description:
    - The evidence of the last visit, as docs/evidence.md describes a device's line.
    - It is one text of JSON, which P(ansible.builtin.from_json#filter) takes apart.
    - A failed result has it as C(invocation.leeboard), which Ansible prints with C(-vvv) alone.
  returned: when the device was observed
  type: str
msg:
  description: Who holds it until when, in one line.
  returned: always
  type: str
"""
