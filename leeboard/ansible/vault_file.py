"""A secret of the inventory's own: a file that ansible-vault encrypted, opened by ansible-vault and kept nowhere."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from leeboard.ansible.clone import environment
from leeboard.errors import LeeboardError
from leeboard.storage import files

MOST_BYTES = 64 * 1024
WAIT_SECONDS = 60


def secret(path: Path) -> str:
    """What stands in the file, one line. Raises LeeboardError that names the file, never what is in it.

    Ansible's own settings say what opens it (ANSIBLE_VAULT_PASSWORD_FILE, ...), as for the vaults of schools.
    """
    content = files.read_regular(path, MOST_BYTES)
    if content is None:
        raise LeeboardError(f"{path}: is missing; make it with ansible-vault create {path.name}")
    if not content.startswith(b"$ANSIBLE_VAULT;"):
        raise LeeboardError(f"{path}: lies there in clear; run ansible-vault encrypt {path.name}")
    own = environment(Path("var"))  # which puts our Ansible first on this process's PATH
    variables = {**os.environ, **own, "ANSIBLE_LOG_PATH": os.devnull, "PAGER": "cat"}
    command = ["ansible-vault", "view", str(path.resolve())]
    try:
        done = subprocess.run(
            command,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=WAIT_SECONDS,
        )
    except OSError as problem:
        raise LeeboardError(f"{path}: ansible-vault cannot be started: {problem.strerror}") from None
    except subprocess.TimeoutExpired:
        raise LeeboardError(f"{path}: ansible-vault did not open it within {WAIT_SECONDS} seconds") from None
    text = done.stdout.decode(errors="replace").strip() if done.returncode == 0 else ""
    if not text or "\n" in text or not text.isprintable():
        why = "the vault password does not open it, or there is none" if done.returncode else "it must hold one line"
        raise LeeboardError(f"{path}: {why}; give ANSIBLE_VAULT_PASSWORD_FILE (docs/credentials.md)")
    return text
