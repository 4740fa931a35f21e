"""Secrets for one run of Ansible, from the command that starts it to the action that needs them, in memory only.

Ansible resolves the path of a variables' file (`-e @FILE`), which a file in memory does not survive; an action opens it
as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from leeboard.ansible.memory import in_memory
from leeboard.errors import LeeboardError

VARIABLE = "leeboard_handed"  # has the path, which says nothing


@contextmanager
def handed(secrets: Mapping[str, str]) -> Iterator[str]:
    """The path by which children of this process read the secrets, as long as this lasts."""
    with in_memory("leeboard-secrets") as (file, path):
        json.dump(dict(secrets), file)
        file.flush()
        yield path


def read(path: str, name: str) -> str:
    """One of the secrets; empty where it is not among them. Raises LeeboardError."""
    try:
        with open(path, encoding="utf-8") as file:
            return str(json.load(file).get(name, ""))
    except (OSError, ValueError, AttributeError):
        raise LeeboardError("what this run was handed cannot be read; run the command again") from None
