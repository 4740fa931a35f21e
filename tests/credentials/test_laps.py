"""Windows LAPS: each device's own password out of a directory, and what is missing where there is none.

The directory is slapd (see `directory`), asked by the lookup of this collection through microsoft.ad from the package
`ansible`. The devices are the WinRM endpoint of the Windows tests, which lets in whoever has the right password.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.credentials.directory import OTHER, READER, Directory, certificate_of, due, encrypted, stored
from tests.credentials.door import LOOPBACK, free_port
from tests.credentials.night import Folder, Night
from tests.unit.estate.folders import add_estate, add_school
from tests.unit.playing import ROOT
from tests.windows.wire.certificates import Authority
from tests.windows.wire.secrets import leaks
from tests.windows.wire.server import Endpoint

# The community's package has the collection; nothing else is taken from it.
COMMUNITY = "ansible==14.5.0"
COLLECTION = "ansible_collections/microsoft/ad/"
PASSWORD = "Canary-9030 'reads' <all>"
ONE, TWO, OLD = 'Canary-9031 of {{ pc-1 }} "&"', "Canary-9032 of pc-2", "Canary-9033 of pc-3"
CANARIES = (PASSWORD, ONE, TWO, OLD)
COMPUTERS = {
    "pc-1": stored(ONE),
    "pc-2": stored(TWO),
    "pc-3": stored(OLD, days=-3),
    "pc-4": stored("Canary-9034 was changed since"),
    "pc-empty": {},
    "pc-sealed": encrypted(),
    "pc-odd": {"msLAPS-Password": "bm90IEpTT04=", **due(5)},
}
ARRIVED = "ended without an answer"  # the endpoint runs no PowerShell here
REJECTED = "did not accept the user and password"
SCHOOL = """connection:
  windows:
    user: Administrator
    ca: {ca}
    vars:
      ansible_password: >-
        {{{{ lookup('leeboard.schools.laps_password', inventory_hostname_short, server='{server}', port={port},
        tls_mode='ldaps', ca_cert='{ca}', auth_protocol='simple', username='{reader}', connection_timeout=120,
        password=lookup('ansible.builtin.env', 'LAPS_PASSWORD')) }}}}
      ansible_winrm_transport: basic
      ansible_port: "{{{{ {ports}[inventory_hostname_short] | default(9) }}}}"
"""


@pytest.fixture(scope="module")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the collection microsoft.ad."""
    folder = tmp_path_factory.mktemp("collections")
    argv = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    done = subprocess.run([*argv, "--dest", str(folder), COMMUNITY], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"{COMMUNITY} cannot be had: {done.stderr.strip()[-300:]}")
    wheel = next(folder.glob("ansible-*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder, [name for name in archive.namelist() if name.startswith(COLLECTION)])
    wheel.unlink()
    return folder


@dataclass(frozen=True)
class World:
    """The directory, and the night of the school that asks it."""

    directory: Directory
    folder: Folder
    night: Night
    authority: Path
    collections: Path

    def again(self, reader: str = READER, password: str = PASSWORD, server: str = LOOPBACK, port: int = 0) -> Night:
        """pc-1 alone, by another account or from another server."""
        folder = Folder(self.folder.path.parent / f"again-{free_port()}")
        return _check(
            folder, self.collections, self.authority, port or self.directory.port, {}, reader, password, server
        )


def _check(
    folder: Folder, collections: Path, ca: Path, port: int, ports: dict[str, int],
    reader: str = READER, password: str = PASSWORD, server: str = LOOPBACK, more: str = "",
) -> Night:  # fmt: skip
    add_estate(folder.path)
    rows = "".join(f"A-{name},{name},,windows,desktop,office,,\n" for name in (ports or {"pc-1": 0}))
    text = SCHOOL.format(ca=ca, server=server, port=port, reader=reader, ports=ports) + more
    add_school(folder.path / "900001", "900001", text, rows)
    return folder.drift(
        folder.path / "estate.yml",
        "--page",
        str(folder.path / "page.html"),
        ANSIBLE_COLLECTIONS_PATH=f"{ROOT / 'collections'}:{collections}",
        LAPS_PASSWORD=password,
    )


def _program(_line: str) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    return subprocess.Popen(
        ["sh", "-c", "cat >/dev/null; exit 3"], stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
    )


@pytest.fixture(scope="module")
def world(collections: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One night over all computers, and one that the directory does not know."""
    root = tmp_path_factory.mktemp("laps")
    authority = Authority(root / "authority")
    context = authority.context()
    certificate = certificate_of(root / "authority", authority.path)
    directory = Directory(root / "slapd", certificate, PASSWORD, COMPUTERS)
    own = {"pc-1": ONE, "pc-2": TWO, "pc-3": OLD, "pc-4": "Canary-9035 is another"}
    with ExitStack() as stack:
        stack.callback(directory.close)
        points = {name: Endpoint(_program, "Administrator", secret, context) for name, secret in own.items()}
        ports = {name: stack.enter_context(point).port for name, point in points.items()}
        ports |= dict.fromkeys(("pc-empty", "pc-sealed", "pc-odd", "pc-nowhere"), 9)
        folder = Folder(root / "la")
        more = f'      ansible_winrm_host: "{LOOPBACK}"\n'
        night = _check(folder, collections, authority.path, directory.port, ports, more=more)
        yield World(directory, folder, night, authority.path, collections)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pc-1", ARRIVED),
        ("pc-2", ARRIVED),
        ("pc-3", ARRIVED),
        ("pc-4", REJECTED),
        ("pc-nowhere", "Active Directory has no computer pc-nowhere that this account can see"),
        ("pc-empty", "Windows LAPS has stored no password of pc-empty"),
        ("pc-sealed", "the LAPS password of pc-sealed is stored encrypted and could not be opened"),
        ("pc-odd", "what Windows LAPS has stored of pc-odd is not as it should be"),
    ],
)
def test_each_device_gets_its_own_password(world: World, name: str, words: str) -> None:
    line = world.night.lines[f"{name}.900001"]
    assert words in line["message"]
    assert line["outcome"] == "failed"


def test_a_password_that_is_overdue_is_used_and_named(world: World) -> None:
    assert "pc-3: Windows LAPS should have changed its password on" in " ".join(world.night.output.split())
    assert "pc-1: Windows LAPS should" not in world.night.output


def test_the_directory_is_not_asked_again_and_again(world: World) -> None:
    assert 1 <= world.directory.searches("pc-1") <= 4


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"reader": OTHER}, "there is a LAPS password of pc-1, and this account may not read it"),
        ({"password": "Canary-9036 is wrong"}, f"{LOOPBACK} did not accept the account for LAPS"),
        ({"port": 9}, f"the domain controller {LOOPBACK} does not answer"),
        ({"server": "localhost"}, "the certificate of the domain controller localhost is not accepted"),
    ],
)
def test_what_the_directory_refuses_is_told_apart(world: World, given: dict[str, str], words: str) -> None:
    night = world.again(**given)  # type: ignore[arg-type]
    line = night.lines["pc-1.900001"]
    assert words in line["message"]
    assert line["outcome"] == "failed"
    assert not leaks("Canary-9036 is wrong", night.output, night.processes)


def test_without_the_collection_it_says_what_to_install(tmp_path: Path) -> None:
    night = _check(Folder(tmp_path / "la"), tmp_path, tmp_path / "none.pem", 9, {})
    assert "ansible-galaxy collection install microsoft.ad" in night.lines["pc-1.900001"]["message"]


def test_no_password_is_left_behind(world: World) -> None:
    for canary in CANARIES:
        assert not leaks(canary, world.night.output, world.night.processes, world.folder.path)
