#!/usr/bin/python
# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leeboard.schools.authorise_program."""

from __future__ import annotations

DOCUMENTATION = r"""
module: authorise_program
short_description: Put leeboard-authorise on a device
description:
  - Writes the program C(leeboard-authorise), with which somebody at the machine lets the next roll-out add a recovery
    key to an encrypted disk.
  - It is one file that holds the code of this very run, and is started by the Python that runs this module.
version_added: 0.1.0
author:
  - Leeboard contributors (@leeboard)
options:
  path:
    description: Where to write it.
    type: path
    default: /usr/local/sbin/leeboard-authorise
attributes:
  check_mode:
    description: Says whether the file would be written.
    support: full
  diff_mode:
    description: Shows which version is there, by its digest.
    support: full
  idempotent:
    description: The same code gives the same file.
    support: full
notes:
  - It is a program, not a setting. It is in no undo journal, and C(leeboard undo) leaves it.
"""

EXAMPLES = r"""
- name: Let somebody at the machine authorise the first key
  leeboard.schools.authorise_program:
  become: true
"""

RETURN = r"""
path:
  description: Where the program is.
  returned: success
  type: str
"""

import hashlib  # noqa: E402
import stat  # noqa: E402
import sys  # noqa: E402

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ..module_utils._linux.engine import one_file  # noqa: E402
from ..module_utils._linux.engine.change import write  # noqa: E402
from ..module_utils._linux.engine.edits import FileEdit  # noqa: E402
from ..module_utils._linux.engine.host import Host, HostError  # noqa: E402
from ..module_utils._linux.luks import authorise  # noqa: E402

MODE = 0o755
ROOT = (0, 0)


def main() -> None:
    module = AnsibleModule(
        argument_spec={"path": {"type": "path", "default": "/usr/local/sbin/leeboard-authorise"}},
        supports_check_mode=True,
    )
    path = module.params["path"]
    wanted = FileEdit(path, None, one_file.program(authorise, sys.executable), MODE, ROOT)
    try:
        before = _present(Host(), path)
        after = _text(wanted.after, MODE, ROOT)
        if before != after and not module.check_mode:
            write(Host(), wanted)
    except (HostError, OSError) as problem:
        module.fail_json(msg=f"{path}: {problem}")
    module.exit_json(
        changed=before != after,
        path=path,
        diff={"before_header": path, "after_header": path, "before": before, "after": after},
    )


def _present(host, path: str) -> str:
    """What is there now; empty where nothing is."""
    try:
        content, status = host.read(path), host.stat(path)
    except FileNotFoundError:
        return ""
    return _text(content, stat.S_IMODE(status.st_mode), (status.st_uid, status.st_gid))


def _text(content: bytes, mode: int, owner: tuple) -> str:
    return f"sha256 {hashlib.sha256(content).hexdigest()}, mode {mode:04o}, owner {owner[0]}:{owner[1]}\n"


if __name__ == "__main__":
    main()
