"""A program for the device in one file: a module of this folder with all that it imports from here.

The file is a zip application (PEP 441, as Python's zipapp makes them), not compressed: `less` shows the code. One file
is whole or absent, never half of this version and half of the last.
"""

from __future__ import annotations

import ast
import io
import pkgutil
import zipfile

PACKAGE = "device"  # what the folder is called in the file
MADE = (1980, 1, 1, 0, 0, 0)  # the first day of a zip: the same code is the same bytes
START = """\
import sys
from {package}.{module} import main
sys.exit(main(sys.argv[1:]))
"""


def program(module, interpreter: str) -> bytes:
    """The file that runs `main(arguments) -> exit status` of a module by the Python whose path is `interpreter`.

    It starts without the user's environment and folders (-I), and leaves no compiled files (-B).
    """
    package, _dot, name = module.__name__.rpartition(".")
    files = {f"{PACKAGE}/__init__.py": b"", "__main__.py": START.format(package=PACKAGE, module=name).encode()}
    waiting = [name]
    while waiting:
        name = waiting.pop()
        path = f"{PACKAGE}/{name}.py"
        if path not in files:
            files[path] = pkgutil.get_data(package, f"{name}.py")
            waiting += _imported(files[path])
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_STORED) as made:
        for path in sorted(files):
            made.writestr(zipfile.ZipInfo(path, MADE), files[path])
    return f"#!{interpreter} -IB\n".encode() + kept.getvalue()


def _imported(source: bytes) -> list:
    """The modules of its own folder that a module imports: `from .host import Host`, `from . import mounts`."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            found += [node.module] if node.module else [one.name for one in node.names]
    return found
