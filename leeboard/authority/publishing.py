"""Where lists are published: copied into a folder that a web server shows, or handed to a command of the school's."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from leeboard.authority import memory
from leeboard.errors import LeeboardError
from leeboard.escrow.vault.controller_state import writing
from leeboard.model.strict import Strict
from leeboard.model.values import plain
from leeboard.storage import files

FILE = "publication.json"
READABLE = 0o644  # a list is public, and the web server that shows it runs under another account
SECONDS = 120


class Publication(Strict):
    """A folder, or a command to which the lists' paths are added. Neither: the lists stay where they were signed."""

    folder: Path | None = None
    command: tuple[str, ...] = ()


def read(var: Path) -> Publication:
    """Where this controller publishes its lists. Raises LeeboardError."""
    path = var / memory.FOLDER / FILE
    content = files.read_regular(path, 64 * 1024)
    try:
        return Publication.model_validate_json(content) if content is not None else Publication()
    except ValidationError:
        raise LeeboardError(
            f"{path}: makes no sense; name the place again: leeboard vpn crl --publish-folder"
        ) from None


def write(var: Path, publication: Publication) -> None:
    """Keep where the lists are published. Raises LeeboardError."""
    path = var / memory.FOLDER / FILE
    files.make_folder(path.parent)
    with writing(path):
        files.replace(path, publication.model_dump_json().encode() + b"\n")


def publish(publication: Publication, lists: Sequence[Path]) -> str:
    """Publish the lists; what was done, in words. Raises LeeboardError, and says what still stands there."""
    if publication.folder is not None:
        return _into(publication.folder, lists)
    if publication.command:
        return _by(publication.command, lists)
    return f"nothing says where lists are published: they lie in {lists[0].parent}"


def _into(folder: Path, lists: Sequence[Path]) -> str:
    if not folder.is_dir():
        raise LeeboardError(
            f"{folder}: is not there, so the lists are not published, and the old ones count until their end; mount or "
            "make it, then run leeboard vpn crl"
        )
    for path in lists:
        target = folder / path.name
        try:
            files.replace(target, path.read_bytes(), mode=READABLE)
        except OSError as problem:
            raise LeeboardError(
                f"{target}: cannot be written: {problem.strerror}; the old list counts until its end. Mend that, then "
                "run leeboard vpn crl"
            ) from None
    return f"published in {folder}"


def _by(command: Sequence[str], lists: Sequence[Path]) -> str:
    name = plain(" ".join(command), 200)
    try:
        done = subprocess.run(
            [*command, *(str(path.absolute()) for path in lists)], stdin=subprocess.DEVNULL, capture_output=True,
            timeout=SECONDS, env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise LeeboardError(f"{name}: had not ended after {SECONDS} seconds, and was stopped; {_OLD}") from None
    except OSError as problem:
        raise LeeboardError(f"{name}: cannot be started: {problem.strerror}; {_OLD}") from None
    words = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
    said = f": {plain(words[-1], 200)}" if words else ""
    if done.returncode:
        raise LeeboardError(f"{name}: ended with exit status {done.returncode}{said}; {_OLD}")
    return f"published by {name} (exit status 0{said})"


_OLD = "the old list counts until its end. Mend that, then run leeboard vpn crl"
