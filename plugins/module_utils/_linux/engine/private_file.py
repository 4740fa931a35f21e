"""A file of ours on the device that is root's alone, and lasts through a power cut as soon as it is written."""

from __future__ import annotations

import os

from .change import sync_folder, write
from .edits import FileEdit
from .host import Host


def put(host: Host, path: str, content: bytes) -> None:
    """Write a file that is root's alone, in a folder that is, too."""
    folder = os.path.dirname(path)
    if not host.exists(folder):
        os.makedirs(host.path(folder), mode=0o700)
        for _level in range(3):  # the folders above may be new as well, and must last
            folder = os.path.dirname(folder)
            sync_folder(host.path(folder))
    write(host, FileEdit(path, None, content, 0o600, (0, 0)))


def drop(host: Host, path: str) -> None:
    """Remove a file for good: its folder is synced."""
    os.unlink(host.path(path))
    sync_folder(host.path(os.path.dirname(path)))
