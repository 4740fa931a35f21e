"""PowerShell for devices: each file names what it uses and no more, since Ansible sends what is named, and what that
names in turn. Arrows lead from modules to rooms, to `system`, to `engine`, never back and in no circle."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bearing.powershell import Scripts
from tests.unit.playing import command

from . import tree
from .arrows import between, circle

WINDOWS = "plugins/module_utils/_windows/"
FILES = {name: tree.text(name).encode() for name in tree.select(".ps1", ".psm1", under="plugins/")}
NAMESPACE = "ansible_collections.leeboard.schools."
# What Ansible sends along with modules, by its own code.
SENT = """
import json, pathlib, sys
from ansible.executor.powershell.module_manifest import PSModuleDepFinder
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader()
paths = map(pathlib.Path, sys.argv[2:])
found = {one.stem: PSModuleDepFinder().scan_module(one.read_bytes(), sys.argv[1] + one.stem) for one in paths}
print(json.dumps({name: sorted(sent) for name, sent in found.items()}))
"""
GROUND = {"engine": 0, "system": 1}
# C# of our own, which a module names.
CSHARP = re.compile(rb"^#AnsibleRequires -CSharpUtil \.\.(module_utils\.\S+)", re.MULTILINE)


def named_wrongly(scripts: Scripts) -> Iterator[str]:
    """What is used and not named, named and not used, or named twice; and a function of ours that no file exports."""
    for path in scripts.paths:
        used, named = scripts.used(path), scripts.required(path)
        yield from (f"{path} uses {one} and does not name it" for one in sorted(used - {*named}))
        yield from (f"{path} names {one} and does not use it" for one in sorted({*named} - used))
        yield from (f"{path} calls {one}, which no file exports" for one in sorted(scripts.nowhere(path)))
        yield from (f"{path} names {one} twice" for one in sorted({one for one in named if named.count(one) > 1}))


def leads_back(scripts: Scripts) -> Iterator[str]:
    """An arrow from a lower floor to a higher one; a circle of files, or of rooms."""
    files = {path: {*scripts.required(path)} for path in scripts.paths}
    yield from (f"{path} leads back to {one}" for path in files for one in files[path] if floor(path) < floor(one))
    for arrows in (files, between(files, room)):
        if found := circle(arrows):
            yield f"a circle: {' <- '.join(found)}"


def room(path: str) -> str:
    """The folder of a file; one that lies in no room is one by itself."""
    return path.removeprefix(WINDOWS).partition("/")[0]


def floor(path: str) -> int:
    """How high a file stands: engine, system, rooms, what begins a visit or an undo, modules."""
    if not path.startswith(WINDOWS):
        return 4
    return 3 if path == WINDOWS + room(path) else GROUND.get(room(path), 2)


def test_each_file_names_what_it_uses_and_no_more() -> None:
    assert len(FILES) > 60
    tree.none(named_wrongly(Scripts(FILES)))


def test_a_name_is_that_of_one_file() -> None:
    """It is the module's name where Pester's tests replace something in it."""
    assert sorted({Path(one).stem for one in FILES}) == sorted(Path(one).stem for one in FILES)


def test_arrows_lead_down() -> None:
    tree.none(leads_back(Scripts(FILES)))


def test_ansible_sends_what_is_used_and_what_that_uses(tmp_path: Path) -> None:
    scripts, modules = Scripts(FILES), tree.select(".ps1", under="plugins/modules/")
    paths = [str(tree.ROOT / name) for name in modules]
    done = command(tmp_path, sys.executable, "-c", SENT, f"{NAMESPACE}plugins.modules.", *paths)
    assert done.returncode == 0, done.stderr
    sent = json.loads(done.stdout)
    for path in modules:
        waiting, wanted = [path], set[str]()
        while waiting:
            more = scripts.used(waiting.pop()) - wanted
            wanted |= more
            waiting += more
        named = {one.removeprefix(NAMESPACE) for one in sent[Path(path).stem] if one.startswith(NAMESPACE)}
        own = {f"plugins.{one.decode()}.cs" for one in CSHARP.findall(FILES[path])}
        assert named == {one.removesuffix(".psm1").replace("/", ".") + ".psm1" for one in wanted} | own, path


REQUIRE = b"#AnsibleRequires -PowerShell "


@pytest.mark.parametrize(
    ("name", "more", "named", "back"),
    [
        ("engine/Reading", b"Write-LeeboardJournal", "uses {0}engine/Journal.psm1 and does not name it", ""),
        ("engine/Reading", b"Write-LeeboardNothing", "calls write-leeboardnothing, which no file exports", ""),
        ("engine/Journal", REQUIRE + b".Nowhere", "names {0}engine/Nowhere.psm1 and does not use it", ""),
        ("engine/Journal", REQUIRE + b".Reading", "names {0}engine/Reading.psm1 twice", ""),
        ("engine/Reading", REQUIRE + b"..Visit", "names {0}Visit.psm1", "leads back to {0}Visit.psm1"),
        ("engine/Reading", REQUIRE + b".Change", "names {0}engine/Change.psm1", "a circle: {0}"),
        ("registry/Registry", REQUIRE + b"..logging.EventLogChange", "names", "a circle: logging <- registry"),
    ],
)
def test_what_is_wrong_is_found(name: str, more: bytes, named: str, back: str) -> None:
    path = f"{WINDOWS}{name}.psm1"
    scripts = Scripts({**FILES, path: more + b"\n" + FILES[path]})
    assert any(named.format(WINDOWS) in one for one in named_wrongly(scripts))
    assert any(back.format(WINDOWS) in one for one in leads_back(scripts)) is bool(back)
