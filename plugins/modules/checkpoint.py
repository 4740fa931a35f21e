#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.checkpoint."""

from __future__ import annotations

DOCUMENTATION = r"""
module: checkpoint
short_description: Let a Linux device put itself back unless a change is confirmed
description:
  - A change that could cut off whoever makes it (SSH, sign-in, the firewall) runs under a checkpoint. Before it, all
    that brings the device back is written to its disk, and a timer of systemd is started.
  - Unless the checkpoint is confirmed in time, over a connection that was made after the change, the device puts itself
    back. So it does at the next start, whatever cut it off. It needs no network for that, no Python and no package of
    Leeboard's.
  - The time is three minutes after the longest that the changes may take. The clock that people set has no effect on
    it.
  - Where a checkpoint cannot be armed nothing is changed and all of it is taken away again. A device has one at a time.
  - On the device C(leeboard-checkpoint status), C(confirm) and C(rollback) do the same, for root on a terminal whose
    session began after the change.
  - The M(leeboard.schools.enforce) action calls this module.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
options:
  state:
    description:
      - V(armed) writes all that brings the device back, and starts the timer.
      - V(confirmed) ends the checkpoint; the changes stay. That is on the disk before the module answers.
      - V(put_back) puts the device back at once, and waits for that.
      - V(read) tells how it stands.
    type: str
    choices: [armed, confirmed, put_back, read]
    default: read
  steps:
    description:
      - What will be changed, with V(state=armed). A driver that cannot say what would bring the device back is left
        out, and RV(left_out) says why. Where all are left out nothing is armed.
    type: list
    elements: dict
    default: []
    suboptions:
      driver:
        description: The name of the driver.
        type: str
        required: true
      settings:
        description: What to change, as the driver's module gets it.
        type: list
        elements: dict
        required: true
  undo:
    description: The run that will be undone, with V(state=armed) in place of O(steps).
    type: str
  run_id:
    description: The run, with V(state=armed). It names the undo journal as well, and only its changes are let through.
    type: str
  by:
    description: Who arms it, for people to read, with V(state=armed).
    type: str
    default: ''
  token_digest:
    description: The SHA-256 of the token, in hex, with V(state=armed).
    type: str
  token:
    description: The token, with V(state=confirmed).
    type: str
attributes:
  check_mode:
    description: Says what would be armed, confirmed or put back.
    support: full
  diff_mode:
    description: There is nothing that could be shown.
    support: none
  idempotent:
    description: What is confirmed or back already is not changed. A second checkpoint is refused.
    support: partial
    details: Arming is refused while a checkpoint is held, also by the same run.
  platform:
    description: The target platform.
    support: full
    platforms: posix
"""

EXAMPLES = r"""
- name: See whether a checkpoint is held
  leeboard.schools.checkpoint:
  become: true

- name: Put the device back now
  leeboard.schools.checkpoint:
    state: put_back
  become: true
"""

RETURN = r"""
checkpoint:
  description:
    - How it stands. C(state) is none, armed, confirmed, putting-back or back.
    - C(run_id), C(by) and C(drivers) say whose it is and what it is about, C(seconds_left) when the device puts itself
      back, and C(left) what is not back yet.
  returned: always, unless it could not be read
  type: dict
left_out:
  description: The drivers that the checkpoint is not about, each with the reason.
  returned: with O(state=armed)
  type: dict
seconds:
  description: After how many seconds the device puts itself back unless the checkpoint is confirmed.
  returned: with O(state=armed), unless it was refused
  type: int
held:
  description: True where arming was refused since another checkpoint is held.
  returned: with O(state=armed)
  type: bool
"""

import re  # noqa: E402
from typing import Any  # noqa: E402

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ..module_utils._linux.checkpoint import arm, ending  # noqa: E402
from ..module_utils._linux.checkpoint.covers import covers_of, covers_of_undo  # noqa: E402
from ..module_utils._linux.engine import armed  # noqa: E402
from ..module_utils._linux.engine.edits import ChangeRefused  # noqa: E402
from ..module_utils._linux.engine.host import Host, HostError  # noqa: E402

ARGUMENTS = {
    "state": {"type": "str", "choices": ["armed", "confirmed", "put_back", "read"], "default": "read"},
    "steps": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "driver": {"type": "str", "required": True},
            "settings": {"type": "list", "elements": "dict", "required": True},
        },
    },
    "undo": {"type": "str"},
    "run_id": {"type": "str"},
    "by": {"type": "str", "default": ""},
    "token_digest": {"type": "str", "no_log": False},
    "token": {"type": "str", "no_log": True},
}


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        supports_check_mode=True,
        required_if=[("state", "armed", ("run_id", "token_digest")), ("state", "confirmed", ("token",))],
    )
    host = Host()
    try:
        result = {
            "armed": _armed,
            "confirmed": _confirmed,
            "put_back": _put_back,
            "read": lambda host, _module: {"changed": False, "checkpoint": armed.read(host)},
        }[module.params["state"]](host, module)
    except arm.Held as problem:
        module.fail_json(msg=f"checkpoint: {problem}", held=True, checkpoint=problem.found)
    except (ChangeRefused, HostError) as problem:
        module.fail_json(msg=f"checkpoint: {problem}", **_state(host))
    except OSError as problem:
        module.fail_json(msg=f"checkpoint: {problem}", **_state(host))
    module.exit_json(**result)


def _state(host: Host) -> dict[str, Any]:
    try:
        return {"checkpoint": armed.read(host)}
    except HostError:
        return {}


def _armed(host: Host, module: AnsibleModule) -> dict[str, Any]:
    if not re.match(r"[0-9a-f]{64}\Z", module.params["token_digest"]):
        raise ChangeRefused("token_digest must be 64 hexadecimal digits")
    arm.refuse(host)
    undo = module.params["undo"]
    covers, left_out = covers_of_undo(host, undo) if undo else covers_of(host, module.params["steps"])
    result = {
        "changed": bool(covers),
        "left_out": left_out,
        "held": False,
        "seconds": arm.seconds_for(covers.values()),
        "checkpoint": armed.read(host),
    }
    if covers and not module.check_mode:
        request = arm.Request(module.params["run_id"], module.params["by"], module.params["token_digest"], covers)
        result["checkpoint"] = arm.arm(host, request)
    return result


def _confirmed(host: Host, module: AnsibleModule) -> dict[str, Any]:
    if module.check_mode:
        found = armed.read(host)
        return {"changed": found["state"] == "armed", "checkpoint": found}
    changed, found = ending.confirm(host, module.params["token"])
    return {"changed": changed, "checkpoint": found}


def _put_back(host: Host, module: AnsibleModule) -> dict[str, Any]:
    if module.check_mode:
        found = armed.read(host)
        return {"changed": found["state"] in armed.HELD, "checkpoint": found}
    changed, found = ending.put_back(host)
    return {"changed": changed, "checkpoint": found}


if __name__ == "__main__":
    main()
