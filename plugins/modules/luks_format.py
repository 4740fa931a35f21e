#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.luks_format."""

from __future__ import annotations

DOCUMENTATION = r"""
module: luks_format
short_description: One step of encrypting and formatting an empty disk
description:
  - The device's half of M(leeboard.schools.empty_disks), which keeps the recovery key first, and calls this module step
    by step. It is not meant to be called by itself.
  - B(What was on a disk is lost.) Only a whole disk that is named, that has no signature and reads as zeros, and that
    is part of nothing is formatted; each of this is looked for in the very step, and anything else is refused.
  - Secrets come as parameters that are not logged and go to C(cryptsetup) through pipes.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
options:
  step:
    description:
      - V(survey) says what is to be done with each disk, and why one is refused; V(format) encrypts an empty disk with
        a recovery key in its first slot, and proves it; V(finish) opens it, gives it a file system, and mounts it now
        and at each start.
    type: str
    required: true
    choices: [survey, format, finish]
  wishes:
    description: All disks that are named.
    type: list
    elements: dict
    required: true
    suboptions:
      disk:
        description: The disk's name below C(/dev/disk/by-id).
        type: str
        required: true
      mount:
        description: Where it is mounted.
        type: str
        required: true
      label:
        description: The label of its file system.
        type: str
        default: ''
      uuid:
        description: The LUKS UUID that it has or gets.
        type: str
        required: true
      stage:
        description: What the vault knows of that UUID.
        type: str
        required: true
        choices: [new, begun, proved]
  disk:
    description: With V(format) and V(finish), which of them.
    type: str
  key:
    description: The recovery key.
    type: str
  key_id:
    description: The id of the key in the vault, which a token beside the slot has.
    type: str
  iterations:
    description: The cost with which the key is added, by which the slot is known as ours.
    type: int
  run_id:
    description: The run in whose journal the lines of crypttab and fstab stand.
    type: str
    default: luks_format
attributes:
  check_mode:
    description: What the module does in check mode.
    details: The step that only reads is made in check mode; the others refuse.
    support: partial
  diff_mode:
    description: There is nothing that could be shown.
    support: none
  idempotent:
    description: A step is made once; the action decides which are needed.
    support: none
  platform:
    description: The target platform.
    support: full
    platforms: posix
"""

EXAMPLES = r"""
- name: See whether a disk is empty and part of nothing
  leeboard.schools.luks_format:
    step: survey
    wishes:
      - disk: /dev/disk/by-id/wwn-0x5000c500a1b2c3d4
        mount: /srv/data
        uuid: 8a4f7c1e-2b53-4a0e-9a41-0f4d1be0a001
        stage: new
  become: true
  register: found
"""

RETURN = r"""
disks:
  description:
    - For each disk its name C(disk), a C(state) (format, finish, done, refused), how a person knows it (C(said)), and
      C(why) it is refused.
  returned: with step survey
  type: list
  elements: dict
binding:
  description: Digests over the header after the step.
  returned: with step format
  type: dict
journal:
  description: The journal in which the lines of crypttab and fstab stand.
  returned: with step finish
  type: str
said:
  description: How a person knows the disk.
  returned: with step finish
  type: str
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ..module_utils._linux.engine.edits import ChangeRefused  # noqa: E402
from ..module_utils._linux.engine.host import Host, HostError  # noqa: E402
from ..module_utils._linux.luks import format as luks_format  # noqa: E402

WISH = {
    "disk": {"type": "str", "required": True},
    "mount": {"type": "str", "required": True},
    "label": {"type": "str", "default": ""},
    "uuid": {"type": "str", "required": True},
    "stage": {"type": "str", "required": True, "choices": list(luks_format.STAGES)},
}
ARGUMENTS = {
    "step": {"type": "str", "required": True, "choices": list(luks_format.STEPS)},
    "wishes": {"type": "list", "elements": "dict", "required": True, "options": WISH},
    "disk": {"type": "str"},
    "key": {"type": "str", "no_log": True},
    "key_id": {"type": "str"},
    "iterations": {"type": "int"},
    "run_id": {"type": "str", "default": "luks_format"},
}


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        supports_check_mode=True,
        required_if=[("step", "format", ("disk", "key", "key_id", "iterations")), ("step", "finish", ("disk",))],
    )
    step = module.params["step"]
    if module.check_mode and step != "survey":
        module.fail_json(msg=f"luks_format: the step {step} is never made in check mode")
    try:
        answer = luks_format.STEPS[step](Host(), module.params)
    except (ChangeRefused, HostError, ValueError, OSError) as problem:
        module.fail_json(msg=f"luks_format: {problem}")
    module.exit_json(**answer)


if __name__ == "__main__":
    main()
