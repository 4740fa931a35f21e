# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the modules that change a device with a driver have in common."""

from __future__ import annotations


class ModuleDocFragment:
    """Options and attributes of every module whose body is a driver."""

    DOCUMENTATION = r"""
options:
  settings:
    description:
      - What to change. Everything is rehearsed first; nothing is written when one of the changes cannot be made safely.
      - Every file (on Windows, every value) that is overwritten is kept first, in C(/var/lib/leeboard/journal) or
        C(C:\ProgramData\Leeboard\journal).
    type: list
    elements: dict
    required: true
    suboptions:
      address:
        description: What to set; the module says which addresses it knows.
        type: str
        required: true
      value:
        description: The wanted value.
        type: raw
        required: true
      type:
        description: The kind of value, for drivers that cannot tell it from the device; others take no notice of it.
        type: str
        default: ''
      expect:
        description: The fingerprint of the reading that the change was planned from. The change is refused when the
          device no longer says that.
        type: str
        default: ''
  run_id:
    description: Names the undo journal; a roll-out gives its own.
    type: str
attributes:
  check_mode:
    description: Can run in check mode and say what would change without changing anything.
    support: full
  diff_mode:
    description: Shows the files or values that change, or would change.
    support: full
  idempotent:
    description: Changes nothing when run again.
    support: full
  platform:
    description: The target platform.
    support: full
    platforms: posix
"""

    READING = r"""
options:
  addresses:
    description: What to read; without it everything that the module knows.
    type: list
    elements: str
attributes:
  check_mode:
    description: Only reads, so check mode makes no difference.
    support: full
  diff_mode:
    description: Only reads, so there is nothing to show.
    support: none
  idempotent:
    description: Changes nothing.
    support: full
  platform:
    description: The target platform.
    support: full
    platforms: posix
"""
