"""A run asks the directory of a school once, before it visits anybody, with the password from the school's vault."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.credentials.door import LOOPBACK
from tests.credentials.night import Folder
from tests.credentials.recovery_directory import BASE, READER, RecoveryDirectory
from tests.credentials.test_vault import sealed
from tests.unit.estate.folders import add_estate, add_school
from tests.windows.wire.certificates import Authority
from tests.windows.wire.secrets import leaks

PASSWORD, OPENER = "Canary-9070 'reads'", "Canary-9071 opens"
SECRET = "000011-" * 7 + "000022"
# Nobody answers at any of them: what is asked before a visit is asked all the same.
ROWS = "".join(f"W-{number},pc-{number},127.0.0.{number},windows,desktop,office,,\n" for number in range(1, 6))
ROWS += "L-1,box-1,127.0.0.9,linux,desktop,office,,\n"
WAY = "connection:\n  linux: {user: technician, port: 9}\n  windows: {user: leeboard, port: 9}\n"


@dataclass(frozen=True)
class World:
    """A directory, and a folder with the estate of a school that asks it."""

    directory: RecoveryDirectory
    folder: Folder
    root: Path

    def searches(self) -> int:
        """How often it was asked for recovery information."""
        return self.directory.log.count('filter="(objectClass=msFVE-RecoveryInformation)"')


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    authority = Authority(tmp_path / "authority")
    one = "{AAAAAAAA-1111-4222-8333-000000000001}"
    directory = RecoveryDirectory(tmp_path / "slapd", authority.issue(), PASSWORD, {"pc-1": {one: SECRET}})
    folder = Folder(tmp_path / "la")
    add_estate(folder.path)
    server = f"{{server: {LOOPBACK}, port: {directory.port}, base: '{BASE}', user: '{READER}', ca: {authority.path}}}"
    for urn, place in (("900001", "ad"), ("900002", "ours")):
        said = (
            f"vault: vault.yml\n{WAY}vars:\n  leeboard_recovery_passwords: {place}\n  leeboard_directory: {server}\n"
            '  leeboard_directory_password: "{{ vault_directory_password }}"\n'
        )
        add_school(folder.path / urn, urn, said, ROWS)
    (tmp_path / "right").write_text(OPENER)
    for urn in ("900001", "900002"):
        sealed(tmp_path, folder.path / urn / "vault.yml", f'vault_directory_password: "{PASSWORD}"\n')
    yield World(directory, folder, tmp_path)
    directory.close()


def test_a_night_asks_once_for_a_school_and_leaves_no_password_anywhere(world: World) -> None:
    opener = {"ANSIBLE_VAULT_PASSWORD_FILE": str(world.root / "right")}
    night = world.folder.drift(world.folder.path / "estate.yml", **opener)
    assert len(night.lines) == 12, night.output
    assert world.searches() == 1, world.directory.log
    assert "msFVE-RecoveryPassword" not in world.directory.log
    for secret in (PASSWORD, OPENER, SECRET):
        assert not leaks(secret, night.output, night.processes, world.folder.path)
    alone = world.folder.play(world.folder.path / "900001" / "school.yml", "-vvv", "--limit", "pc-1*", **opener)
    assert world.searches() == 2, alone.output
    assert not leaks(PASSWORD, alone.output, alone.processes, world.folder.path)


def test_a_directory_that_is_not_there_ends_no_run(world: World) -> None:
    world.directory.close()
    night = world.folder.drift(world.folder.path / "estate.yml", ANSIBLE_VAULT_PASSWORD_FILE=str(world.root / "right"))
    assert len(night.lines) == 12 and night.status == 3, night.output
    assert not leaks(PASSWORD, night.output, night.processes, world.folder.path)
