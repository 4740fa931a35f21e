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
MOVED: dict[str, str] = {
    "_linux/vpn/certificate.py": "_linux/vpn/certificate/pair.py",
    "_linux/vpn/certificate_install.py": "_linux/vpn/certificate/install.py",
    "_linux/vpn/certificate_request.py": "_linux/vpn/certificate/request.py",
    "_linux/vpn/certificate_state.py": "_linux/vpn/certificate/state.py",
    "_linux/vpn/charon.py": "_linux/vpn/strongswan/charon.py",
    "_linux/vpn/configurations.py": "_linux/vpn/secrets/configurations.py",
    "_linux/vpn/ipsec.py": "_linux/vpn/strongswan/ipsec.py",
    "_linux/vpn/networkmanager.py": "_linux/vpn/profiles/networkmanager.py",
    "_linux/vpn/nm_profile.py": "_linux/vpn/profiles/nm_profile.py",
    "_linux/vpn/old_packages.py": "_linux/vpn/profiles/old_packages.py",
    "_linux/vpn/open_places.py": "_linux/vpn/secrets/open_places.py",
    "_linux/vpn/others.py": "_linux/vpn/profiles/others.py",
    "_linux/vpn/profiles_changes.py": "_linux/vpn/profiles/changes.py",
    "_linux/vpn/profiles_driver.py": "_linux/vpn/profiles/driver.py",
    "_linux/vpn/secrets.py": "_linux/vpn/secrets/files.py",
    "_linux/vpn/secrets_changes.py": "_linux/vpn/secrets/changes.py",
    "_linux/vpn/secrets_driver.py": "_linux/vpn/secrets/driver.py",
    "_linux/vpn/settings.py": "_linux/vpn/strongswan/settings.py",
    "_linux/vpn/stacks.py": "_linux/vpn/strongswan/stacks.py",
    "_linux/vpn/strongswan.py": "_linux/vpn/strongswan/profiles.py",
    "_linux/vpn/swanctl.py": "_linux/vpn/strongswan/swanctl.py",
    "_linux/vpn/tunnel_again.py": "_linux/vpn/ikev2/again.py",
    "_linux/vpn/tunnel_changes.py": "_linux/vpn/tunnel/changes.py",
    "_linux/vpn/tunnel_conf.py": "_linux/vpn/ikev2/conf.py",
    "_linux/vpn/tunnel_cover.py": "_linux/vpn/tunnel/cover.py",
    "_linux/vpn/tunnel_gone.py": "_linux/vpn/tunnel/gone.py",
    "_linux/vpn/tunnel_left.py": "_linux/vpn/ikev2/left.py",
    "_linux/vpn/tunnel_names.py": "_linux/vpn/ikev2/names.py",
    "_linux/vpn/tunnel_state.py": "_linux/vpn/ikev2/state.py",
    "_linux/vpn/tunnel_traffic.py": "_linux/vpn/ikev2/traffic.py",
    "_linux/vpn/tunnel_words.py": "_linux/vpn/ikev2/words.py",
    "_linux/vpn/wireguard.py": "_linux/vpn/wireguard/profiles.py",
    "_linux/vpn/wireguard_changes.py": "_linux/vpn/wireguard/changes.py",
    "_linux/vpn/wireguard_conf.py": "_linux/vpn/wireguard/conf.py",
    "_linux/vpn/wireguard_key.py": "_linux/vpn/wireguard/key.py",
    "_linux/vpn/wireguard_make.py": "_linux/vpn/wireguard/make.py",
    "_linux/vpn/wireguard_state.py": "_linux/vpn/wireguard/state.py",
    "_linux/vpn/wireguard_words.py": "_linux/vpn/wireguard/words.py",
}
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
