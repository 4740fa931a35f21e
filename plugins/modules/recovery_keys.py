#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action `recovery_keys`; the work is done in plugins/action/recovery_keys.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: recovery_keys
short_description: Bring a recovery key into each disk of a device, kept first, and switch BitLocker on
version_added: 0.1.0
description:
  - For each LUKS volume with data it makes a recovery key, seals it for the LA's custodians into both places of
    the vault, adds it to a free slot of the disk, and proves that it opens that slot.
  - Changes a key that was read out, or that is sealed to other custodians than today's. An older key is removed only
    when the new one is proved.
  - Keeps a copy of each disk's header in the vault before and after a change.
  - What authorises a new key is a TPM token of the disk, the variable C(leeboard_disk_passphrase), which belongs into
    the school's vault, or somebody who ran C(leeboard-authorise) at the machine. Without one, nothing changes.
  - Lets the TPM open the disk of the system where C(leeboard_disk_tpm) says V(tpm) or V(tpm-and-pin), once its recovery
    key is proved. The PIN is C(leeboard_disk_pin), which belongs into the school's vault.
  - On Windows, where the inventory variable C(leeboard_recovery_passwords) is V(ours), it makes a recovery password of
    each volume, seals it first, has the device compare it, and then has BitLocker encrypt and switch protection on.
    What opens the volume of Windows follows from the level and C(leeboard_disk_tpm); C(leeboard_bitlocker_options)
    names what is done only where it is asked for, and C(leeboard_bitlocker_manager) says what is done where another
    service manages BitLocker. B(Nobody has run this on a real Windows yet.)
  - Where that variable is V(ad) or V(entra), Windows makes the recovery password itself and gives it to Active
    Directory or Entra before anything is encrypted. It never comes to the controller, and no vault is needed.
  - Does nothing, and says so, unless the inventory variable C(leeboard_enforce) of the device names C(ENC), and where
    the controller has no vault.
options:
  refusals:
    description:
      - What becomes of a device whose BitLocker is refused because of what the device is, such as one without a TPM.
      - With V(tell) it does not fail, and RV(refused) says why. A roll-out fails it after everybody had their turn, so
        that one such device keeps no other from anything. What went wrong otherwise fails all the same.
    type: str
    choices: [fail, tell]
    default: fail
notes:
  - Needs pipelining, so that no key is written into a file on the device.
attributes:
  check_mode:
    description: Says what would be done; no key is made.
    support: full
  diff_mode:
    description: Shows in words what is done to each disk, and no key.
    support: full
  idempotent:
    description: A second run on an unchanged device changes nothing.
    support: full
author:
  - Leeboard (@leeboard)
"""

EXAMPLES = r"""
- name: Bring recovery keys into the disks
  leeboard.schools.recovery_keys:
"""

RETURN = r"""
leeboard:
  description:
    - The evidence of the last visit, as docs/evidence.md describes a device's line.
    - It is one text of JSON, which P(ansible.builtin.from_json#filter) takes apart.
    - A failed result has it as C(invocation.leeboard), which Ansible prints with C(-vvv) alone.
  returned: when the device was observed
  type: str
refused:
  description: What the device cannot have as it is, said before anything was changed there.
  returned: when the device was observed
  type: list
  elements: str
msg:
  description: What was done, what waits for somebody, and what failed, in one line.
  returned: always
  type: str
"""
