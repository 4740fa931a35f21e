"""The map of what each file of the devices' code bears on is what the code says, and what a changed byte does."""

from __future__ import annotations

import ast
import hashlib
import importlib
import io
import re
import shutil
import tarfile
import tokenize
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest

from tests.controls.covered import ROOT, Cover, covered, platform_of
from tests.controls.full_done import every_script
from tests.controls.harness import packed, shipped
from tests.device_code import LINUX, linux_files
from tests.house import tree

from . import map as drawn

# What comes before a text that is a statement by itself.
BEGINS = (tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING)
SCRIPTS = every_script()
NOW = covered()


@cache
def committed() -> dict[str, str]:
    """The map that is kept, by the names of files."""
    entries = re.split(r"\n(?! )", drawn.MAP.read_text(encoding="utf-8").rstrip("\n"))
    return {entry.partition(":")[0]: entry for entry in entries}


def test_the_map_is_what_the_code_says() -> None:
    now = drawn.entries(NOW)
    assert now.keys() > {"_linux/visit.py", "_windows/Visit.psm1"}
    found = [
        f"was: {said}\nis:  {now.get(name, 'gone')}" for name, said in committed().items() if now.get(name) != said
    ]
    found += [f"new: {said}" for name, said in now.items() if name not in committed()]
    tree.none(found, "the map is another one. If it is right: make map")


def test_a_file_that_moved_keeps_its_name_in_the_map(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn, "MOVED", {"_linux/old_host.py": "_linux/engine/host.py"})
    files = drawn.device_files()
    assert files["_linux/old_host.py"] == "plugins/module_utils/_linux/engine/host.py"
    assert "_linux/engine/host.py" not in files
    monkeypatch.setattr(drawn, "MOVED", {"_linux/engine/host.py": "_linux/gone.py"})
    with pytest.raises(LookupError, match=r"there is no _linux/gone\.py"):
        drawn.device_files()


# What a changed byte does


def changed(path: str, text: bytes) -> bytes:
    """The text with one byte of a statement changed: a number, or a letter of a text that is no docstring."""
    for start, end in _places(path, text):
        for at in reversed(range(start, end)):
            byte = text[at : at + 1]
            other = b"7" if byte.isdigit() and byte != b"7" else b"q" if byte.isalpha() and byte != b"q" else b""
            made = text[:at] + other + text[at + 1 :]
            if other and text[at - 1 : at] != b"\\" and (path.endswith(".psm1") or _differs(made, text)):
                return made
    raise AssertionError(f"{path}: nothing to change")


def _places(path: str, text: bytes) -> Iterator[tuple[int, int]]:
    """Where numbers and texts stand, the last first, and then names; in PowerShell the version of its strict mode."""
    if path.endswith(".psm1"):
        found = re.search(rb"^Set-StrictMode -Version (2)", text, re.MULTILINE)
        assert found, path
        yield found.span(1)
        return
    lines = text.splitlines(keepends=True)
    starts = [sum(map(len, lines[:number])) for number in range(len(lines))]
    tokens = [one for one in tokenize.tokenize(io.BytesIO(text).readline) if one.type != tokenize.COMMENT]
    docstrings = {one for before, one in pairwise(tokens) if before.type in BEGINS and one.type == tokenize.STRING}
    for kinds in ((tokenize.NUMBER, tokenize.STRING, tokenize.FSTRING_MIDDLE), (tokenize.NAME,)):
        for one in reversed(tokens):
            (row, column), (last, end) = one.start, one.end
            if one.type in kinds and one not in docstrings and row == last and lines[row - 1].isascii():
                yield starts[row - 1] + column, starts[row - 1] + end


def _differs(made: bytes, text: bytes) -> bool:
    try:
        return ast.dump(ast.parse(made)) != ast.dump(ast.parse(text))
    except SyntaxError:
        return False


def with_change(path: str) -> Cover:
    code = {**NOW.texts.code, path: changed(path, NOW.texts.code[path])}
    return Cover(replace(NOW.texts, code=code), NOW)


class Copy:
    """A copy of the devices' code for Linux, of which the program is packed and which is shipped."""

    def __init__(self, folder: Path) -> None:
        self.folder = shutil.copytree(LINUX, folder / "copied", ignore=shutil.ignore_patterns("__pycache__"))

    def path(self, name: str) -> Path:
        return self.folder / Path(name).relative_to(LINUX.relative_to(ROOT))

    def made(self) -> tuple[bytes, dict[str, bytes]]:
        """What goes to a device as a program, and to a machine of the proof, by name."""
        prefix = drawn.authorise.__name__.partition("._linux.")[0] + "._linux"

        def here(module: ModuleType) -> ModuleType:
            return importlib.import_module("copied" + module.__name__.removeprefix(prefix))

        program = here(drawn.one_file).program(here(drawn.authorise), "/usr/bin/python3")
        with tarfile.open(fileobj=io.BytesIO(packed(linux_files(self.folder)))) as tar:
            return program, {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    folder = tmp_path_factory.mktemp("device")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield Copy(folder)


def places(copy: Copy, path: str, cover: Cover) -> list[str]:
    """Where a file counts besides scripts, by what is other when it is."""
    found = [word for word, given in drawn.MACHINES.items() if NOW.about(given.platform) != cover.about(given.platform)]
    if path.endswith(".py"):
        target = copy.path(path)
        before, text = copy.made(), target.read_bytes()
        target.write_bytes(cover.texts.code[path])
        program, observer = (old != new for old, new in zip(before, copy.made(), strict=True))
        target.write_bytes(text)
        found += ["program"] if program else []
        found += ["observer"] if observer else []
    return [*found, "archive"] if path in drawn.ARCHIVE.read_text(encoding="utf-8").split() else found


def entry(copy: Copy, name: str, path: str) -> str:
    """The map's entry for a file by what really is other when a byte of it is."""
    cover = with_change(path)
    mine = [one for one in SCRIPTS if NOW.about(platform_of("", one), one) != cover.about(platform_of("", one), one)]
    return drawn.entry(name, mine, places(copy, path, cover), SCRIPTS)


def chosen(name: str) -> bool:
    """One in sixteen, by hash: another one when it is renamed and not when another one comes."""
    return hashlib.sha256(name.encode()).digest()[0] < 16


@pytest.mark.parametrize("name", [name for name in committed() if chosen(name)])
def test_a_changed_byte_bears_on_what_the_map_says(copy: Copy, name: str) -> None:
    assert entry(copy, name, drawn.device_files()[name]) == committed()[name]


@pytest.mark.full
def test_a_changed_byte_of_any_file_bears_on_what_the_map_says(copy: Copy) -> None:
    files = drawn.device_files()
    tree.none(
        f"{name}:\n  the map says {said}\n  it bears on {found}"
        for name, said in committed().items()
        if (found := entry(copy, name, files[name])) != said
    )


def test_one_byte_is_changed_and_no_docstring() -> None:
    text = b'"""Says 1."""\nA = 1\n\n\ndef f() -> int:\n    """Says 2."""\n    return A  # 3\n'
    assert changed("a.py", text) == text.replace(b"A = 1", b"A = 7")
    assert b"Version 7.0" in changed("a.psm1", b"# Set-StrictMode -Version 2\nSet-StrictMode -Version 2.0\n")


def test_what_goes_to_a_machine_is_all_of_it() -> None:
    assert linux_files().items() < shipped().items()
