#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.luks_key."""

from __future__ import annotations

DOCUMENTATION = r"""
module: luks_key
short_description: One step of bringing a recovery key or a token of the TPM into a LUKS2 volume
description:
  - The device's half of M(leeboard.schools.recovery_keys), which makes the keys, keeps them first, and calls this
    module step by step. It is not meant to be called by itself.
  - Adds a key in a free slot and proves that it opens that slot; removes a slot after another key has opened; copies
    the header and brings a copy back. Nothing is formatted, and no volume is opened or closed.
  - Lets the TPM open the volume, proves that it does, and removes tokens that another one replaces. The program
    C(systemd-cryptenroll) seals the key for a container in memory, and never touches the volume.
  - Secrets come as parameters that are not logged and go to C(cryptsetup) through pipes.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
options:
  step:
    description:
      - V(survey) says which LUKS volumes there are and what opens them here; V(find) says which slot a passphrase
        opens; V(try) sees that something opens the volume; V(add) adds a key and proves it; V(remove) removes a slot;
        V(strengthen) gives the slot of a passphrase Argon2.
      - V(copy_header) returns a copy of the header; V(save_header) does so of a damaged one before V(restore_header)
        brings a copy back; V(forget) gives an authorisation back.
      - V(look_tpm) says what a token of the TPM needs and has; V(try_tpm) whether one opens the volume now, or without
        O(keep) whether a new one would; V(enrol_tpm) adds one and proves it; V(remove_tpm) removes some after another
        has opened the volume.
      - V(make_image) lets dracut make the next start's image anew, reads it back, and puts it in the place of the old.
    type: str
    required: true
    choices:
      - survey
      - find
      - try
      - add
      - strengthen
      - remove
      - copy_header
      - save_header
      - restore_header
      - forget
      - look_tpm
      - try_tpm
      - enrol_tpm
      - remove_tpm
      - make_image
  uuid:
    description: The LUKS UUID of the volume.
    type: str
  expect:
    description: The digest of the header that the step was decided on. The step is refused when it has changed.
    type: str
  key:
    description: The recovery key.
    type: str
  key_id:
    description: The id of the key or token that is added or removed, which a token beside the slot has.
    type: str
  slot:
    description: The slot that the key gets, or that is removed.
    type: int
  keep:
    description:
      - With V(remove), the slot that the key opens and that stays.
      - With V(try_tpm) the token that is tried, with V(remove_tpm) the one that opens the volume and stays.
    type: int
  digest:
    description: With V(remove), the digest of the slot that is to go.
    type: str
  iterations:
    description: The cost with which the key is added, by which the slot is known as ours.
    type: int
  authority:
    description: What opens the volume so that a key may be added.
    type: str
    choices: [tpm, passphrase, keyring]
  passphrase:
    description: The passphrase, with O(authority=passphrase).
    type: str
  copy:
    description: With V(save_header) and V(restore_header), the copy of the header, in base64.
    type: str
  pcrs:
    description: With V(enrol_tpm) and V(try_tpm), the registers of the TPM whose present values the token is bound to.
    type: list
    elements: int
  pin:
    description: The PIN of a token of the TPM; without one the token has none.
    type: str
  tokens:
    description: With V(remove_tpm), the numbers of the tokens that are to go.
    type: list
    elements: int
attributes:
  check_mode:
    description: What the module does in check mode.
    details: Steps that only read are made in check mode; the others refuse.
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
- name: See which LUKS volumes a machine has
  leeboard.schools.luks_key:
    step: survey
  become: true
  register: found
"""

RETURN = r"""
volumes:
  description: A JSON text for each LUKS volume, with what binds a key to it.
  returned: with step survey
  type: list
  elements: str
authorities:
  description: By LUKS UUID, what opens the volume here so that a key may be added.
  returned: with step survey
  type: dict
weak:
  description: By LUKS UUID, slots for passphrases without Argon2 that could have it.
  returned: with step survey
  type: dict
binding:
  description: Digests over the header after the step.
  returned: with the steps add, strengthen, remove, restore_header, enrol_tpm and remove_tpm
  type: dict
header:
  description: The copy of the header, in base64. It opens the disk with every passphrase of today.
  returned: with the steps copy_header and save_header
  type: str
slot:
  description: The slot that the passphrase opens, or that has Argon2 now.
  returned: with the steps find and strengthen
  type: int
digest:
  description: A digest over what a restore would overwrite.
  returned: with step save_header
  type: str
seen:
  description: A JSON text with what is known of the TPM, of the volume's tokens and of the next start's image.
  returned: with step look_tpm
  type: str
opens:
  description: Whether the token opens the volume.
  returned: with step try_tpm
  type: bool
locked:
  description: Whether the TPM is locked out after wrong PINs.
  returned: with step try_tpm
  type: bool
why:
  description: Why the token does not open the volume; empty where it does.
  returned: with step try_tpm
  type: str
path:
  description: The image that was made anew.
  returned: with step make_image
  type: str
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ..module_utils._linux.engine.edits import ChangeRefused  # noqa: E402
from ..module_utils._linux.engine.host import Host, HostError  # noqa: E402
from ..module_utils._linux.luks import steps as luks_steps  # noqa: E402

# These change nothing on the device.
READING = ("survey", "find", "try", "copy_header", "save_header", "look_tpm", "try_tpm")
ARGUMENTS = {
    "step": {"type": "str", "required": True, "choices": list(luks_steps.STEPS)},
    "uuid": {"type": "str"},
    "expect": {"type": "str"},
    "key": {"type": "str", "no_log": True},
    "key_id": {"type": "str"},
    "slot": {"type": "int"},
    "keep": {"type": "int"},
    "digest": {"type": "str"},
    "iterations": {"type": "int"},
    "authority": {"type": "str", "choices": ["tpm", "passphrase", "keyring"]},
    "passphrase": {"type": "str", "no_log": True},
    "copy": {"type": "str", "no_log": True},
    "pcrs": {"type": "list", "elements": "int"},
    "pin": {"type": "str", "no_log": True},
    "tokens": {"type": "list", "elements": "int", "no_log": False},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    step = module.params["step"]
    if module.check_mode and step not in READING:
        module.fail_json(msg=f"luks_key: the step {step} is never made in check mode")
    try:
        answer = luks_steps.STEPS[step](Host(), module.params)
    except (ChangeRefused, HostError, ValueError) as problem:
        module.fail_json(msg=f"luks_key: {problem}")
    except OSError as problem:
        module.fail_json(msg=f"luks_key: {problem}")
    module.exit_json(**answer)


if __name__ == "__main__":
    main()
