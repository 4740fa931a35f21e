#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action `empty_disks`; the work is done in plugins/action/empty_disks.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: empty_disks
short_description: Encrypt and format the empty disks of a device that its inventory names
version_added: 0.1.0
description:
  - For each disk that the variable C(leeboard_format_disks) names it makes a recovery key, seals it for the LA's
    custodians into both places of the vault, encrypts the disk with it (LUKS2), proves that it opens the disk, makes an
    ext4 file system in it, and mounts that now and at each start.
  - B(What was on a disk is lost.) So a disk is named by its own name below C(/dev/disk/by-id), and refused unless it
    is a whole fixed disk that has no signature, reads as zeros wherever it is looked at, and is part of nothing.
  - A run that is cut off is gone on with by the next one. A disk whose key was proved is never formatted again.
  - The key file that opens the disk at each start lies in C(/etc/cryptsetup-keys.d), and only where that is on an
    encrypted disk.
  - Does nothing, and says so, unless the inventory variable C(leeboard_enforce) of the device names C(ENC), and where
    the controller has no vault.
options: {}
notes:
  - Needs pipelining, so that no key is written into a file on the device.
attributes:
  check_mode:
    description: Says which disks would be formatted, and why others would not.
    support: full
  diff_mode:
    description: There is nothing that could be shown.
    support: none
  idempotent:
    description: A second run on an unchanged device changes nothing.
    support: full
author:
  - Leeboard (@leeboard)
"""

EXAMPLES = r"""
- name: Encrypt and format the new disk of a server
  leeboard.schools.empty_disks:
  vars:
    leeboard_format_disks:
      - disk: /dev/disk/by-id/wwn-0x5000c500a1b2c3d4
        mount: /srv/data
        label: data
"""

RETURN = r"""
leeboard:
  description:
    - The evidence of the last visit, as docs/evidence.md describes a device's line.
    - It is one text of JSON, which P(ansible.builtin.from_json#filter) takes apart.
    - A failed result has it as C(invocation.leeboard), which Ansible prints with C(-vvv) alone.
  returned: when the device was observed
  type: str
msg:
  description: What was done, what waits for somebody, and what failed, in one line.
  returned: always
  type: str
"""
