"""A program for the device in one file: one of our modules with all of ours that it imports.

The file is a zip application (PEP 441, as Python's zipapp makes them), not compressed: `less` shows the code. One file
is whole or absent, never half of this version and half of the last.
"""

from __future__ import annotations

import ast
import importlib.util
import io
import itertools
import pkgutil
import zipfile
from types import ModuleType

PACKAGE = "device"  # what the folder is called in the file
MADE = (1980, 1, 1, 0, 0, 0)  # the first day of a zip: the same code is the same bytes
START = """\
import sys
from {module} import main
sys.exit(main(sys.argv[1:]))
"""


def program(module: ModuleType, interpreter: str) -> bytes:
    """The file that runs `main(arguments) -> exit status` of a module by the Python whose path is `interpreter`.

    It starts without the user's environment and folders (-I), and leaves no compiled files (-B).
    """
    sources: dict[str, bytes] = {}
    waiting = [module.__name__]
    while waiting:
        name = waiting.pop()
        if name not in sources:
            package, _dot, last = name.rpartition(".")
            source = pkgutil.get_data(package, f"{last}.py")
            if source is None:
                raise ValueError(f"{name} has no source")
            sources[name] = source
            waiting += _imported(package, source)
    # The folder that all of it lies in is what is packed.
    folders = zip(*(name.split(".")[:-1] for name in sources))  # noqa: B905  Python 3.10 has `strict`
    top = len(list(itertools.takewhile(lambda parts: len(set(parts)) == 1, folders)))
    places = {name: [PACKAGE, *name.split(".")[top:]] for name in sources}
    files = {"__main__.py": START.format(module=".".join(places[module.__name__])).encode()}
    for name, place in places.items():
        files["/".join(place) + ".py"] = sources[name]
        files.update({"/".join([*place[:depth], "__init__.py"]): b"" for depth in range(1, len(place))})
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(files):
            archive.writestr(zipfile.ZipInfo(path, MADE), files[path])
    return f"#!{interpreter} -IB\n".encode() + buffer.getvalue()


def _imported(package: str, source: bytes) -> list[str]:
    """The modules of ours that one in a package imports: `from ..engine.host import Host`, `from . import mounts`."""
    modules: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.level:
            named = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            # From a folder modules are imported; its own file is empty.
            spec = importlib.util.find_spec(named)
            is_folder = spec is not None and spec.submodule_search_locations is not None
            modules += [f"{named}.{name.name}" for name in node.names] if is_folder else [named]
    return modules
