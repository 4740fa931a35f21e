"""Code that moves is the same code: the same digests and the same files of each proof, packed and shipped whole.

Each file of the devices' code is moved into a folder called by its first letter, wherever it lies today.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from tests.controls import covered as proofs
from tests.controls.covered import ROOT, Cover, Texts, platform_of, proof
from tests.controls.full_done import every_script
from tests.device_code import LINUX as LINUX_FOLDER
from tests.device_code import WINDOWS as WINDOWS_FOLDER
from tests.device_code import linux_files, windows_files
from tests.reliability.records import IMAGE, MACHINE, ROLL_OUT, code

from . import map as drawn
from . import syntax
from .baseline import LINUX as ON_LINUX
from .baseline import WINDOWS as ON_WINDOWS

pytestmark = pytest.mark.full

LINUX, WINDOWS = (f"{one.relative_to(ROOT).as_posix()}/" for one in (LINUX_FOLDER, WINDOWS_FOLDER))
PACKAGE = syntax.dotted(LINUX.rstrip("/"))
REQUIRED = f"ansible_collections.leeboard.schools.{syntax.dotted(WINDOWS.rstrip('/'))}.Moved."
LOAD = """
import importlib, pkgutil, rooms
for one in pkgutil.walk_packages(rooms.__path__, "rooms."):
    importlib.import_module(one.name)
"""
PACK = """
import importlib, sys
authorise, one_file = (importlib.import_module(name) for name in sys.argv[1:])
sys.stdout.buffer.write(one_file.program(authorise, sys.executable))
"""


def lying(path: str) -> str:
    """Where a file lies then. The visit stays: its table of drivers is known by its path."""
    if path.startswith(LINUX) and path != f"{LINUX}visit.py":
        name = path.removeprefix(LINUX).replace("/", "_")
        return f"{LINUX}{name[0]}/{name}"
    return f"{WINDOWS}Moved/{Path(path).name}" if path.startswith(WINDOWS) else path


def moved(texts: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files with those of devices elsewhere, and with all imports of them leading there."""
    texts = {
        path: text for path, text in texts.items() if not (path.startswith(LINUX) and path.endswith("__init__.py"))
    }
    own = {syntax.dotted(path): syntax.dotted(lying(path)) for path in texts if path.startswith(LINUX)}
    made = {}
    for path, text in texts.items():
        if path.endswith(".py"):
            made[lying(path)] = led(text, path, own)
        else:
            required = rf"\g<1>{REQUIRED}\2".encode()
            made[lying(path)] = re.sub(rb"(?m)^(#AnsibleRequires -PowerShell )\S+?(\w+)$", required, text)
    folders = {Path(path).parent.as_posix() for path in made if path.startswith(LINUX)}
    return made | {f"{folder}/__init__.py": b"" for folder in folders}


def led(text: bytes, path: str, own: Mapping[str, str]) -> bytes:
    """The text of a file with imports of device code that lead to where that then lies."""
    lines = text.decode().split("\n")
    nodes = [one for one in ast.walk(ast.parse(text)) if isinstance(one, ast.ImportFrom)] if b"import" in text else []
    for node in sorted(nodes, key=lambda one: -one.lineno):
        base = syntax.base(path, node)
        if not f"{base}.".startswith(f"{PACKAGE}."):
            continue
        if path.startswith(LINUX):
            start = "." * (lying(path).removeprefix(LINUX).count("/") + 1)
        else:
            start = f"{'.' * node.level}{(node.module or '').partition('_linux')[0]}_linux."
        if base in own:
            target = start + own[base].removeprefix(f"{PACKAGE}.")
            said = [f"from {target} import {', '.join(map(ast.unparse, node.names))}"]
        else:
            said = []
            for one in node.names:
                folder, _dot, name = own[f"{base}.{one.name}"].removeprefix(f"{PACKAGE}.").rpartition(".")
                package = start + folder if folder or not start.strip(".") else start.rstrip(".")
                said.append(f"from {package} import {name} as {one.asname or one.name}")
        lines[node.lineno - 1 : node.end_lineno] = [" " * node.col_offset + one for one in said]
    return "\n".join(lines).encode()


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository with the devices' code elsewhere, as far as it is code."""
    found = (path for folder in ("leeboard", "plugins", "tests") for path in (ROOT / folder).rglob("*.*"))
    wanted = [path for path in found if path.suffix in (".py", ".ps1", ".psm1")]
    folder = tmp_path_factory.mktemp("moved")
    for name, text in moved({path.relative_to(ROOT).as_posix(): path.read_bytes() for path in wanted}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text)
    assert (folder / WINDOWS / "Moved/Visit.psm1").is_file() and (folder / LINUX / "p").is_dir()
    return folder


def at(last: str) -> str:
    """The path then of the one file for Linux whose name ends so today."""
    (found,) = (path for path in map(_from_root, linux_files()) if path.endswith(f"/{last}.py"))
    return lying(found)


def _from_root(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def about(cover: Cover) -> dict[str, str]:
    """The digest of each proof."""
    found = {str(one.path): cover.about(platform_of("", one), one) for one in every_script()}
    return found | {platform: cover.about(platform) for platform in (ON_LINUX, ON_WINDOWS)}


def cover_there(there: Path, monkeypatch: pytest.MonkeyPatch) -> Cover:
    """What proofs are about then. What names a module of the devices' code names it where it then is."""
    names = [name.removeprefix(f"{PACKAGE}.") for name in proofs.LINUX_CODE]
    moved_names = tuple(syntax.dotted(lying(f"{LINUX}{name.replace('.', '/')}.py")) for name in names)
    assert moved_names != proofs.LINUX_CODE
    monkeypatch.setattr(proofs, "LINUX_CODE", moved_names)
    return Cover(Texts(proofs.read(there, proofs.CODE), proofs.covered().texts.whole))


def test_every_proof_is_about_the_same_code(there: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = proofs.covered()
    said = about(now)
    then = cover_there(there, monkeypatch)
    assert about(then) == said
    for given in {proof(platform_of("", one), one) for one in every_script()}:
        assert set(map(lying, now.parts(given))) == set(then.parts(given))


@pytest.mark.parametrize("name", ["host", "visit"])
def test_a_changed_file_is_another_wherever_it_lies(there: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    before, path = cover_there(there, monkeypatch), at(name)
    texts = before.texts
    after = Cover(Texts({**texts.code, path: texts.code[path] + b"LEFT = 1\n"}, texts.whole), before)
    script = next(one for one in every_script() if one.name.startswith("LCK-01/breaks/"))
    assert path in after.parts(proof(ON_LINUX, script))
    assert before.about(ON_LINUX, script) != after.about(ON_LINUX, script)


@pytest.mark.parametrize("where", [IMAGE, MACHINE, ROLL_OUT])
def test_points_where_work_on_keys_is_cut_off_are_about_the_same_code(there: Path, where: str) -> None:
    assert code(where, there) == code(where)
    path = there / at("host")
    text = path.read_bytes()
    path.write_bytes(text + b"LEFT = 1\n")
    changed = code(where, there)
    path.write_bytes(text)
    assert changed != code(where)


def held(program: bytes) -> list[str]:
    """The files that a program is packed of, but for empty ones and its start."""
    files = zipfile.ZipFile(io.BytesIO(program))
    return sorted(one.filename.partition("/")[2] for one in files.infolist() if one.file_size and "/" in one.filename)


def test_a_program_is_packed_of_the_same_files(there: Path, tmp_path: Path) -> None:
    (tmp_path / "rooms").symlink_to(there / LINUX)
    subprocess.run([sys.executable, "-c", LOAD], cwd=tmp_path, check=True)  # the imports are right
    names = [syntax.dotted(at(name).replace(LINUX, "rooms/")) for name in ("authorise", "one_file")]
    words = [sys.executable, "-c", PACK, *names]
    made = tmp_path / "program"
    made.write_bytes(subprocess.run(words, cwd=tmp_path, capture_output=True, check=True).stdout)
    made.chmod(0o755)
    done = subprocess.run([made, "--help"], cwd="/", capture_output=True, text=True, check=True)
    assert "leeboard-authorise" in done.stdout
    today = held(drawn.one_file.program(drawn.authorise, sys.executable))
    assert held(made.read_bytes()) == sorted(lying(f"{LINUX}{name}").removeprefix(LINUX) for name in today)


def test_all_of_it_is_found(there: Path) -> None:
    def full(files: Iterable[str]) -> set[str]:
        return {name for name in files if not name.endswith("__init__.py")}

    today = full(linux_files().values())
    then = full(linux_files(there / LINUX).values())
    parent = LINUX.removesuffix("_linux/")
    assert then == {lying(f"{parent}{name}").removeprefix(parent) for name in today} != today
    assert [path.name for path in windows_files(there / WINDOWS)] == sorted(path.name for path in windows_files())
