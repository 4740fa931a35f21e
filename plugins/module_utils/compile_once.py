"""Modules in a zip, compiled once each.

Ansible sends our code in a zip, without bytecode. From version 3.10 on Python's importer compiles a module in a zip
twice, since it also compiles it to tell its file's name (CPython's issue 141276). A visit needs so many modules that
the device would spend more on this than on most of its commands.
"""

from __future__ import annotations

import sys
import zipimport


class Importer(zipimport.zipimporter):
    """Python's own importer, but for the way it finds a file's name: by the list of what is in the zip."""

    def get_filename(self, fullname: str) -> str:
        """Where the source of a module lies. Raises ZipImportError for what is not in the zip."""
        end = "/__init__.py" if self.is_package(fullname) else ".py"
        return f"{self.archive}/{self.prefix}{fullname.rpartition('.')[2]}{end}"


def compile_once() -> None:
    """Import by `Importer` from every folder of a zip that nothing was imported from so far."""
    if Importer not in sys.path_hooks:
        sys.path_hooks.insert(0, Importer)
