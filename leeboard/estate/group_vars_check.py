"""Ansible's own folders beside an estate's files: what they say of our variables would be seen by Ansible alone."""

from __future__ import annotations

import re
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.model.problem import Problem
from leeboard.storage import files

FOLDERS = ("group_vars", "host_vars")
OURS = re.compile(rb"^[\s\"'{]*(leeboard_[a-z_]+)[\"']?\s*[:=]", re.MULTILINE)
MOST_BYTES = 1024 * 1024


def check_group_vars(folder: Path) -> list[Problem]:
    """A problem for each file in group_vars or host_vars of a folder that sets a `leeboard_*` variable.

    A run would go by another value than the reports. An encrypted file is taken for what it should be: secrets.
    """
    problems = []
    for file in sorted(file for name in FOLDERS for file in (folder / name).glob("**/*") if file.is_file()):
        try:
            content = files.read_regular(file, MOST_BYTES) or b""
        except (LeeboardError, OSError):
            continue  # Ansible says what is wrong with it
        for name in dict.fromkeys(OURS.findall(content)):
            message = (
                "only Ansible would see this value, and reports would go by another; put it under vars in school.yml"
            )
            problems.append(Problem(str(file), f"{message} or estate.yml", column=name.decode()))
    return problems
