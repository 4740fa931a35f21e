"""Code that moves into rooms is the same code: the same digests and the same map, and it is packed and shipped whole.

The rooms here are made by rule, from the names of files; what matters is that imports of all kinds lead into them.
"""

from __future__ import annotations

import ast
import importlib
import io
import re
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from tests.controls import covered as proofs
from tests.controls.covered import ROOT, Cover, Texts, platform_of, proof
from tests.controls.full_done import every_script
from tests.device_code import linux_files, windows_files
from tests.reliability.records import IMAGE, MACHINE, ROLL_OUT, code

from .baseline import LINUX as ON_LINUX
from .baseline import WINDOWS as ON_WINDOWS

COLLECTION = "ansible_collections.leeboard.schools."
LINUX, WINDOWS = "plugins/module_utils/_linux/", "plugins/module_utils/_windows/"
STAYS = ("visit", "facts", "__init__")
LOAD = """
import importlib, pkgutil, rooms
for one in pkgutil.walk_packages(rooms.__path__, "rooms."):
    importlib.import_module(one.name)
"""
PACK = """
import sys
from rooms.engine import authorise, one_file
sys.stdout.buffer.write(one_file.program(authorise, sys.executable))
"""


def rooms_of(paths: Iterable[str]) -> dict[str, str]:
    """Where each file for Linux would lie, by its name: the first word of a name that several have is its room."""
    names = [path.removeprefix(LINUX).removesuffix(".py") for path in paths if path.startswith(LINUX)]
    words = Counter(name.partition("_")[0] for name in names)
    return {
        name: name if name in STAYS
        else f"{room}/{rest or room}" if words[room] > 1
        else f"engine/{name}"
        for name in names
        for room, _line, rest in [name.partition("_")]
    }  # fmt: skip


def lying(path: str, linux: Mapping[str, str]) -> str:
    """Where a file lies when those of devices are in rooms."""
    if path.startswith(LINUX):
        return f"{LINUX}{linux[path.removeprefix(LINUX).removesuffix('.py')]}.py"
    return re.sub(rf"{WINDOWS}([A-Z][a-z]+)", rf"{WINDOWS}\1/\1", path)


def moved(texts: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files with those of devices in rooms, and with all imports of them leading there."""
    linux = rooms_of(texts)
    made = {f"{LINUX}{room}/__init__.py": b"" for room in {new.rpartition("/")[0] for new in linux.values()} - {""}}
    for path, text in texts.items():
        where = lying(path, linux)
        if path.endswith(".py"):
            made[where] = led(text, path, where, linux)
        else:
            made[where] = re.sub(rb"(\._windows\.)([A-Z][a-z]+)", rb"\1\2.\2", text)
    return made


def led(text: bytes, path: str, where: str, linux: Mapping[str, str]) -> bytes:
    """The text of a file that now lies at `where`, with imports of device code that lead to where that lies now."""
    lines = text.decode().split("\n")
    nodes = [one for one in ast.walk(ast.parse(text)) if isinstance(one, ast.ImportFrom)] if b"import" in text else []
    for node in sorted(nodes, key=lambda one: -one.lineno):
        head, ours, name = (node.module or "").rpartition("_linux")
        ours = "" if head and not head.endswith(".") else ours
        if path.startswith(LINUX) and node.level:
            root = "." * (where.removeprefix(LINUX).count("/") + 1)
        elif ours:
            root, name = f"{'.' * node.level}{head}_linux.", name.lstrip(".")
        else:
            continue
        if name:
            said = [f"{root}{linux[name].replace('/', '.')} import {', '.join(map(ast.unparse, node.names))}"]
        else:
            said = []
            for one in node.names:
                room, _slash, last = linux[one.name].rpartition("/")
                package = root + room if room or not root.strip(".") else root.rstrip(".")
                said.append(f"{package} import {last} as {one.asname or one.name}")
        lines[node.lineno - 1 : node.end_lineno] = [f"{' ' * node.col_offset}from {one}" for one in said]
    return "\n".join(lines).encode()


def written(folder: Path, texts: Mapping[str, bytes]) -> Path:
    """A folder with these files."""
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    return folder


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository with the devices' code in rooms, as far as it is code."""
    found = (path for folder in ("leeboard", "plugins", "tests") for path in (ROOT / folder).rglob("*.*"))
    texts = {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for path in found
        if path.suffix in (".py", ".ps1", ".psm1")
    }
    folder = written(tmp_path_factory.mktemp("moved"), moved(texts))
    assert (folder / LINUX / "audit/rules.py").is_file() and (folder / WINDOWS / "Audit/AuditPolicy.psm1").is_file()
    assert not (folder / LINUX / "host.py").exists()
    return folder


def about(cover: Cover) -> dict[str, str]:
    """The digest of each proof."""
    found = {str(one.path): cover.about(platform_of("", one), one) for one in every_script()}
    return found | {platform: cover.about(platform) for platform in (ON_LINUX, ON_WINDOWS)}


# What names a module of the devices' code names it where it is now.
THERE = ("plugins.module_utils._linux.visit", "plugins.module_utils._linux.engine.change")


def test_every_proof_is_about_the_same_code(rooms: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = proofs.covered()
    said = about(now)
    texts = Texts(proofs.read(rooms, proofs.CODE), now.texts.whole)
    assert not texts.code.keys() >= now.texts.code.keys()
    monkeypatch.setattr(proofs, "LINUX_CODE", THERE)
    there, linux = Cover(texts), rooms_of(now.texts.code)
    assert about(there) == said
    for given in {proof(platform_of("", one), one) for one in every_script()}:
        assert {lying(path, linux) for path in now.parts(given)} == set(there.parts(given))


def test_a_changed_file_in_a_room_is_another(rooms: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proofs, "LINUX_CODE", THERE)
    texts = Texts(proofs.read(rooms, proofs.CODE), proofs.covered().texts.whole)
    before = Cover(texts)
    for path in (f"{LINUX}dconf/gvdb.py", f"{LINUX}engine/host.py"):
        after = Cover(Texts({**texts.code, path: texts.code[path] + b"LEFT = 1\n"}, texts.whole), before)
        script = next(one for one in every_script() if one.name.startswith("LCK-01/breaks/"))
        assert before.about(ON_LINUX, script) != after.about(ON_LINUX, script)
        assert path in after.parts(proof(ON_LINUX, script))


@pytest.mark.parametrize("where", [IMAGE, MACHINE, ROLL_OUT])
def test_points_where_work_on_keys_is_cut_off_are_about_the_same_code(rooms: Path, where: str) -> None:
    assert code(where, rooms) == code(where)
    path = rooms / LINUX / "luks/keys.py"
    text = path.read_bytes()
    path.write_bytes(text + b"LEFT = 1\n")
    changed = code(where, rooms)
    path.write_bytes(text)
    assert changed != code(where)


def test_a_program_is_packed_from_rooms(rooms: Path, tmp_path: Path) -> None:
    (tmp_path / "rooms").symlink_to(rooms / LINUX)
    subprocess.run([sys.executable, "-c", LOAD], cwd=tmp_path, check=True)  # the imports are right
    made = tmp_path / "program"
    made.write_bytes(subprocess.run([sys.executable, "-c", PACK], cwd=tmp_path, capture_output=True, check=True).stdout)
    held = {Path(name).stem for name in zipfile.ZipFile(io.BytesIO(made.read_bytes())).namelist()}
    assert {"host", "reading", "layout", "trial"} <= held
    here = drawn_program()
    assert len(held - {"__init__", "__main__"}) == len(here)
    made.chmod(0o755)
    done = subprocess.run([made, "--help"], cwd="/", capture_output=True, text=True, check=True)
    assert "leeboard-authorise" in done.stdout


def drawn_program() -> set[str]:
    """The files that the program is packed of today."""
    module = "ansible_collections.leeboard.schools.plugins.module_utils._linux"
    one_file, authorise = (importlib.import_module(f"{module}.{name}") for name in ("one_file", "authorise"))
    names = zipfile.ZipFile(io.BytesIO(one_file.program(authorise, sys.executable))).namelist()
    return {name for name in names if not name.endswith(("__init__.py", "__main__.py"))}


def test_all_of_it_is_found_in_rooms(rooms: Path) -> None:
    names = set(linux_files(rooms / LINUX).values())
    assert {"_linux/visit.py", "_linux/engine/host.py", "_linux/engine/__init__.py", "_linux/audit/rules.py"} < names
    assert len([name for name in names if "__init__" not in name]) == len(linux_files()) - 1
    assert [path.name for path in windows_files(rooms / WINDOWS)] == [path.name for path in windows_files()]
