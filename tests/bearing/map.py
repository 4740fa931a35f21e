"""The map of what each file of the devices' code bears on: map.txt beside this, an entry a file, by its old name.

`make map` writes it anew. An entry has the scripts on whose proofs the file bears (all, a family, a
control, or single ones), and where else it counts: in what is proved of whole machines, in the program
leeboard-authorise, among what goes to a machine of the proof, and in the archive for Galaxy.
"""

from __future__ import annotations

import io
import sys
import textwrap
import zipfile
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from pathlib import Path

from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine import one_file
from ansible_collections.leeboard.schools.plugins.module_utils._linux.luks import authorise

from tests.controls.covered import ROOT, Cover, Proof, covered, platform_of, proof
from tests.controls.full_done import every_script
from tests.controls.harness import shipped
from tests.controls.scripts import FOLDER, AnyScript
from tests.device_code import LINUX as LINUX_CODE
from tests.device_code import linux_files, windows_files

from .baseline import LINUX, WINDOWS

MAP = Path(__file__).with_name("map.txt")
ARCHIVE = ROOT / "tests" / "house" / "archive.txt"
# Files that moved since the map was drawn: the name in the map, and where the file lies now.
MOVED: dict[str, str] = {}
WIDTH = 120  # characters
MACHINES = {"Linux machines": Proof(LINUX), "Windows machines": Proof(WINDOWS)}


def device_files() -> dict[str, str]:
    """The path of each file of the devices' code from the root, by its old name, from the folder of all utilities on.

    Empty files are none. Raises LookupError for a file in MOVED that is not there.
    """
    names = {new: old for old, new in MOVED.items()}
    files = {name_of(path): path for path in (*linux_files(), *windows_files()) if path.stat().st_size}
    if lost := sorted(names.keys() - files.keys()):
        raise LookupError(f"there is no {', '.join(lost)}: say in MOVED ({Path(__file__).name}) where it lies")
    return {names.get(name, name): path.relative_to(ROOT).as_posix() for name, path in sorted(files.items())}


def name_of(path: Path) -> str:
    """A file's name, from the folder of all utilities on."""
    return path.relative_to(LINUX_CODE.parent).as_posix()


def entries(cover: Cover) -> dict[str, str]:
    """The map as it is now, by the old names of files."""
    scripts = every_script()
    places = {
        **{word: cover.parts(given) for word, given in MACHINES.items()},
        "program": in_program(one_file.program(authorise, sys.executable)),
        "observer": {path.relative_to(ROOT).as_posix() for path in shipped()},
        "archive": ARCHIVE.read_text(encoding="utf-8").split(),
    }
    parts = [cover.parts(proof(platform_of("", one), one)) for one in scripts]
    found = {}
    for name, path in sorted(device_files().items()):
        mine = [one for one, about in zip(scripts, parts, strict=True) if path in about]
        found[name] = entry(name, mine, [word for word, paths in places.items() if path in paths], scripts)
    return found


def entry(name: str, mine: Collection[AnyScript], places: Iterable[str], scripts: Sequence[AnyScript]) -> str:
    """An entry of the map: the file, the scripts on whose proofs it bears among all scripts, and the other places."""
    platforms = {platform_of("", one) for one in mine}
    paths = {one.path for one in mine}
    others = {
        word
        for one in scripts
        if one.path not in paths and platform_of("", one) in platforms
        for word in _words(one.path)
    }
    short = sorted({next(word for word in _words(one.path) if word not in others) for one in mine})
    said = f"{name}: {' '.join(short) or 'no script'}; {', '.join(places)}"
    return textwrap.fill(said, WIDTH, subsequent_indent="    ", break_on_hyphens=False, break_long_words=False)


@cache
def _words(path: Path) -> tuple[str, ...]:
    """What a script is one of, from all of them down to itself."""
    control = path.relative_to(FOLDER).parts[0]
    return "all", control[:3], control, f"{control}/{path.parent.name}/{path.stem}"


def in_program(program: bytes) -> set[str]:
    """The paths of the files that a program in one file is packed of."""
    names = [name.partition("/")[2] for name in zipfile.ZipFile(io.BytesIO(program)).namelist()]
    return {path.relative_to(ROOT).as_posix() for name in names if name and (path := LINUX_CODE / name).stat().st_size}


if __name__ == "__main__":
    MAP.write_text("".join(f"{one}\n" for one in entries(covered()).values()), encoding="utf-8")
