"""Which code uses which, whatever way it is imported, and what is the same code and what is another."""

from __future__ import annotations

import pytest

from .python import Code

IMPORTS = [
    "from .room import part\n\nROOT = part.one\n",
    "from .room.part import one\n\nROOT = one\n",
    "from .room.part import one as other\n\nROOT = other\n",
    "from . import room\n\nROOT = room.part.one\n",
    "from . import room\n\nROOT = [room]\n",
    "from own.room import part as other\n\nROOT = other.one\n",
    "import own.room.part\n\nROOT = own.room.part.one\n",
    "import own.room.part as other\n\nROOT = [other]\n",
    "def ROOT():\n    from .room import part\n\n    return part.one()\n",
    "class ROOT:\n    def run(self):\n        from .room.part import one\n\n        return one()\n",
    "try:\n    from .room.part import one\nexcept ImportError:\n    one = None\nROOT = one\n",
    "from .between import one\n\nROOT = one\n",
    "from .room import part\n\nROOT = 1\n",  # imported for what it does
    "from .room.part import *\n\nROOT = 1\n",
    "from .room import part\n\nROOT = getattr(part, 'one')\n",
    "from .room import part\n\nROOT = part.made_by_name\n",
]
FILES = {
    "own/__init__.py": b"",
    "own/room/__init__.py": b"",
    "own/between.py": b"from .room.part import one\n",
    "own/room/part.py": (
        b"from ..ground import here\nfrom . import beside\n\n\ndef one():\n    return here.two(beside)\n"
    ),
    "own/room/beside.py": b"from ...own.ground.here import two\n\nTHREE = two\n",
    "own/ground/__init__.py": b"",
    "own/ground/here.py": b"def two(given):\n    return given\n\n\ndef another():\n    return 1\n",
    "own/nobody.py": b"1 / 0\n",
}


def reached(text: str, **changed: str) -> tuple[list[str], set[str]]:
    """The digests of what own/start.py's ROOT uses, and the files that it is in."""
    files = FILES | {f"own/{name.replace('__', '/')}.py": one.encode() for name, one in changed.items()}
    found = Code(files | {"own/start.py": text.encode()}).reach([("own/start.py", "ROOT")])
    return [said for _path, said in found.digests()], {path for path, _said in found.digests()}


@pytest.mark.parametrize("text", IMPORTS)
def test_an_import_of_any_kind_is_followed(text: str) -> None:
    _digests, paths = reached(text)
    assert {"own/room/part.py", "own/room/beside.py", "own/ground/here.py"} <= paths
    assert "own/nobody.py" not in paths


@pytest.mark.parametrize("text", IMPORTS)
def test_what_is_used_far_away_counts_and_what_is_not_does_not(text: str) -> None:
    here = FILES["own/ground/here.py"].decode()
    digests, _paths = reached(text)
    assert reached(text, ground__here=here.replace("return given", "return 2"))[0] != digests
    assert reached(text, ground__here=here.replace("return 1", "return 2"))[0] == digests
    assert reached(text, ground__here=here + "print(1)\n")[0] != digests  # runs when the file is loaded


SAME = [
    (
        'X = 1\n\n\ndef ROOT(a):\n    """Says."""\n    return a + X  # why\n',
        "X = (1)\ndef ROOT( a ):\n  return (a\n    + X)\n",
    ),
    ("import os\nimport re\n\nROOT = os, re\n", "import re\nimport os\n\nROOT = os, re\n"),
    ("from os import path, sep\n\nROOT = path\nUNUSED = sep\n", "from os import path\n\nROOT = path\n"),
    ("from .room import part\n\nROOT = part.one\n", "from own.room import part as p\n\nROOT = p.one\n"),
    ("from .room.part import one\n\nROOT = one\n", "from .between import one\n\nROOT = one\n"),
    ("ROOT = 1\n\n\ndef unused():\n    return 1\n", "ROOT = 1\n"),
]
OTHER = [
    ("ROOT = 1\n", "ROOT = True\n"),
    ("ROOT = 'a'\n", "ROOT = b'a'\n"),
    ("ROOT = 1 + 2 * 3\n", "ROOT = (1 + 2) * 3\n"),
    ("from os import path\n\nROOT = path\n", "from posix import path\n\nROOT = path\n"),
    ("from . import a, b\n\nROOT = a.x(b.x)\n", "from . import a, b\n\nROOT = b.x(a.x)\n"),
    (
        "from .a import x\nfrom .b import x as y\n\nROOT = x(y)\n",
        "from .b import x\nfrom .a import x as y\n\nROOT = x(y)\n",
    ),
    ('def ROOT():\n    """1"""\n    return ROOT.__doc__\n', 'def ROOT():\n    """2"""\n    return ROOT.__doc__\n'),
    ("X = 1\n\n\ndef ROOT():\n    return X\n", "X = 2\n\n\ndef ROOT():\n    return X\n"),
    ("@print\ndef ROOT():\n    return 1\n", "def ROOT():\n    return 1\n"),
    ("ROOT = [1]\nROOT.append(2)\n", "ROOT = [1]\nROOT.append(3)\n"),
    ("def ROOT(a, /):\n    return a\n", "def ROOT(a):\n    return a\n"),
]
TWO = {"a": "def x():\n    return 1\n", "b": "def x():\n    return 2\n"}


@pytest.mark.parametrize(("one", "other"), SAME)
def test_it_is_the_same_code(one: str, other: str) -> None:
    def without_between(text: str) -> list[str]:
        return reached(text, **TWO)[0]

    assert without_between(one) == without_between(other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_it_is_other_code(one: str, other: str) -> None:
    assert reached(one, **TWO)[0] != reached(other, **TWO)[0]


TABLE = """
from . import a, b

ROWS = {"x": a.x, "y": b.x, **MORE}
NAMED = {one.name: one for one in (Row("x", a.x), Row("y", b.x))}
MODULES = {one.NAME: one for one in (a, b)}
MORE = {name: 1 for name in b.y}
"""


@pytest.mark.parametrize(
    ("table", "row", "paths"),
    [
        ("ROWS", "x", {"own/start.py", "own/a.py", "own/b.py"}),  # what is no row stays: nobody can tell
        ("NAMED", "x", {"own/start.py", "own/a.py"}),
        ("NAMED", "y", {"own/start.py", "own/b.py"}),
        ("NAMED", "z", {"own/start.py"}),
        ("MODULES", "of a", {"own/start.py", "own/a.py"}),
        ("MODULES", "of b", {"own/start.py", "own/b.py"}),
    ],
)
def test_of_a_table_some_rows_count(table: str, row: str, paths: set[str]) -> None:
    files = {"own/a.py": b'NAME = "of a"\nx = 1\n', "own/b.py": b'NAME = "of b"\nx = 2\ny = ()\n'}
    texts = {"own/__init__.py": b"", "own/start.py": TABLE.encode(), **files}
    code = Code(texts, tables=dict.fromkeys(("ROWS", "NAMED", "MODULES"), "own/"))
    roots = [("own/start.py", table)]
    rows = {key: [row] for key in ("ROWS", "NAMED", "MODULES")}
    assert {path for path, _said in code.reach(roots, rows).digests()} == paths
    assert {path for path, _said in code.reach(roots).digests()} == {"own/start.py", "own/a.py", "own/b.py"}
    elsewhere = Code(texts, tables=dict.fromkeys(("ROWS", "NAMED", "MODULES"), "other/"))
    assert elsewhere.reach(roots, rows).digests() == code.reach(roots).digests()


def test_a_whole_file_counts_with_all_that_is_in_it() -> None:
    text = "from .room import part\n\n\ndef ROOT():\n    return 1\n\n\ndef other():\n    return part.one()\n"
    texts = FILES | {"own/start.py": text.encode()}
    code = Code(texts, whole=lambda path: path == "own/start.py")
    assert "own/room/part.py" in {path for path, _said in code.reach([("own/start.py", "ROOT")]).digests()}
    code = Code(texts, whole=lambda path: path == "own/start.py", follow=lambda path: "room" not in path)
    assert {path for path, _said in code.reach([("own/start.py", "ROOT")]).digests()} == {"own/start.py"}
