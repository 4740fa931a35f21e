"""The vault: two copies, a ledger, and what is refused when somebody or a crash touched one of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest

from leeboard.errors import LeeboardError
from leeboard.escrow.keys import envelope
from leeboard.escrow.vault import controller_state, ledger, vault
from leeboard.escrow.vault.records import State
from leeboard.escrow.vault.replica import Place
from leeboard.escrow.vault.vault import Vault
from leeboard.model.enums import Level
from tests.unit.escrow.vaults import AT, PASSPHRASE, another_volume, content, custodian, private


@pytest.fixture
def var(tmp_path: Path) -> Path:
    """Where the controller notes where the vault is."""
    return tmp_path / "var"


@pytest.fixture
def opened(tmp_path: Path, var: Path) -> Iterator[Vault]:
    """A vault of one custodian."""
    with another_volume(tmp_path) as other:
        yield vault.make(var, (tmp_path / "first", other / "second"), [custodian("head")[0]], AT)


def sealed(opened: Vault, number: int = 1, level: Level = Level.STANDARD) -> None:
    with opened.writing(AT) as writer:
        writer.seal(content(number), "900001", "EP-0001", level, "0d5e-uuid")


def test_a_key_lies_in_both_places_and_opens(opened: Vault, var: Path) -> None:
    said = content()
    with opened.writing(AT) as writer:
        key = writer.seal(said, "900001", "EP-0001", Level.STANDARD, said.disk)
    assert (key.state, key.disk, key.name) == (State.PENDING, "0d5e-uuid", "900001/EP-0001/K-1.pem")
    again = vault.open_vault(var)
    (found,) = again.keys().values()
    assert found == key
    copies = [one.read(key.name) for one in again.places]
    assert copies[0] == copies[1] == again.envelope(found)
    owner, secret = custodian("head")
    assert envelope.unseal(again.envelope(found), owner.certificate, private(secret)) == said
    for one in again.places:
        for name in one.names():
            assert (one.path / name).stat().st_mode & 0o777 == 0o600
            assert said.key.text.encode() not in (one.path / name).read_bytes()


def test_openssl_opens_it_where_leeboard_is_not(tmp_path: Path, var: Path) -> None:
    """As README.txt in the vault says; only openssl and that text are used, and each custodian does it.

    For the one of two whose modulus is the larger, OpenSSL 3.5 prints garbage unless it is told whose key it is.
    """
    said, names = content(), ("head", "siro")
    with another_volume(tmp_path) as other:
        made = vault.make(var, (tmp_path / "first", other / "second"), [custodian(one)[0] for one in names], AT)
        with made.writing(AT) as writer:
            key = writer.seal(said, "900001", "EP-0001", Level.STANDARD, said.disk)
        for place, name in product(made.places, names):
            (tmp_path / "private.pem").write_bytes(custodian(name)[1])
            line = next(one for one in (place.path / "README.txt").read_text().splitlines() if "openssl cms" in one)
            words = line.replace("900001/EP-0001/KEY.pem", key.name).replace("NAME", name)
            done = subprocess.run(
                [*words.replace("PRIVATE-KEY.pem", f"{tmp_path}/private.pem").split(), "-passin", "stdin"],
                cwd=place.path, input=PASSPHRASE, capture_output=True, text=True, check=True,
            )  # fmt: skip
            assert done.stdout.splitlines()[-1] == said.key.text
            assert "0d5e-uuid" in done.stdout and "EP-0001" in done.stdout


def test_any_one_custodian_opens_and_nobody_else(tmp_path: Path, var: Path) -> None:
    both = [custodian("head")[0], custodian("siro")[0]]
    with another_volume(tmp_path) as other:
        found = vault.make(var, (tmp_path / "first", other / "second"), both, AT)
        with found.writing(AT) as writer:
            key = writer.seal(content(), "900001", "EP-0001", Level.HIGH, "0d5e-uuid")
        for name in ("head", "siro"):
            owner, secret = custodian(name)
            assert envelope.unseal(found.envelope(key), owner.certificate, private(secret)).id == "K-1"
        stranger, secret = custodian("stranger")
        with pytest.raises(LeeboardError, match="not sealed to this certificate"):
            envelope.unseal(found.envelope(key), stranger.certificate, private(secret))


def test_level_high_needs_two_custodians(opened: Vault) -> None:
    with pytest.raises(LeeboardError, match="no key was made: a device of level high needs envelopes for 2 custodians"):
        sealed(opened, level=Level.HIGH)
    assert opened.keys() == {}


def test_states_follow_each_other(opened: Vault) -> None:
    def state() -> State:
        return opened.keys()["900001", "EP-0001", "K-1"].state

    sealed(opened)
    about = {"urn": "900001", "asset": "EP-0001", "key": "K-1"}
    for event, becomes in (
        (ledger.PROVED, State.PROVED),
        (ledger.OPENED, State.USED),
        (ledger.RETIRED, State.RETIRED),
        (ledger.OPENED, State.RETIRED),
    ):
        with opened.writing(AT) as writer:
            writer.note(event, **about, reason="for the test")
        assert state() == becomes
    assert opened.keys()["900001", "EP-0001", "K-1"].opened == ("2026-11-26T10:00:00Z",) * 2


def test_a_place_that_is_away_is_said(opened: Vault, var: Path) -> None:
    first, second = opened.places
    shutil.move(second.path, second.path.with_name("moved"))
    with pytest.raises(LeeboardError, match="copy 2 of the vault is away"):
        vault.open_vault(var)
    second.path.mkdir(mode=0o700)  # as an unmounted share looks
    with pytest.raises(LeeboardError, match=r"copy 2 of the vault is away: the folder has no vault\.json; mount"):
        vault.open_vault(var)
    shutil.rmtree(second.path)
    shutil.copytree(first.path, second.path)  # a copy of the first in its place
    with pytest.raises(LeeboardError, match="is copy 1 of vault"):
        vault.open_vault(var)


def test_two_places_on_one_volume_are_refused(tmp_path: Path, var: Path) -> None:
    with pytest.raises(LeeboardError, match="both lie on one volume"):
        vault.make(var, (tmp_path / "first", tmp_path / "second"), [custodian("head")[0]], AT)
    assert not (var / controller_state.FILE).exists()


@pytest.mark.parametrize("name", ["ledger.jsonl", "vault.json", "custodians/head.pem", ""])
def test_what_others_may_read_is_refused(opened: Vault, var: Path, name: str) -> None:
    path = opened.places[1].path / name
    path.chmod(0o750 if path.is_dir() else 0o640)
    with pytest.raises(LeeboardError, match="others may use it; run chmod"):
        vault.open_vault(var)


def test_a_second_vault_is_refused(opened: Vault, tmp_path: Path, var: Path) -> None:
    with pytest.raises(LeeboardError, match="there is a vault already"):
        vault.make(var, (tmp_path / "third", tmp_path / "fourth"), [custodian("head")[0]], AT)


def test_a_changed_ledger_is_refused(opened: Vault, var: Path) -> None:
    sealed(opened)
    for one in opened.places:
        path = one.path / ledger.FILE
        path.write_bytes(path.read_bytes().replace(b"EP-0001", b"EP-0002"))
    with pytest.raises(LeeboardError, match=r"has lost its end|does not follow the line before it"):
        vault.open_vault(var)


def test_a_copy_that_tells_another_story_is_refused(opened: Vault, var: Path) -> None:
    sealed(opened)
    kept = (opened.places[1].path / ledger.FILE).read_bytes()
    sealed(opened, 2)
    entry = ledger.next_entry(
        ledger.read(kept, "x"), AT, "somebody", ledger.RETIRED, urn="900001", asset="EP-0001", key="K-1"
    )
    (opened.places[1].path / ledger.FILE).write_bytes(kept + ledger.line_of(entry))
    with pytest.raises(LeeboardError, match="tells another story"):
        vault.open_vault(var)


def test_a_ledger_that_lost_its_end_in_both_places_is_refused(opened: Vault, var: Path) -> None:
    kept = (opened.places[0].path / ledger.FILE).read_bytes()
    sealed(opened)
    for one in opened.places:
        (one.path / ledger.FILE).write_bytes(kept)
    with pytest.raises(LeeboardError, match="has lost its end: this controller knows 2 entries"):
        vault.open_vault(var)


@pytest.mark.parametrize("behind", [0, 1])
@pytest.mark.parametrize("rest", [b"", b'{"number":3,"prev'])
def test_a_crash_between_the_two_places_is_mended_by_whoever_writes_next(
    opened: Vault, var: Path, behind: int, rest: bytes
) -> None:
    path = opened.places[behind].path / ledger.FILE
    kept = path.read_bytes()
    sealed(opened)
    path.write_bytes(kept + rest)
    again = vault.open_vault(var)
    assert [one.id for one in again.keys().values()] == ["K-1"]
    sealed(again, 2)
    copies = [(one.path / ledger.FILE).read_bytes() for one in again.places]
    assert copies[0] == copies[1] and copies[0].count(b"\n") == 3


def test_a_certificate_that_somebody_put_there_is_refused(opened: Vault, var: Path) -> None:
    stranger = custodian("stranger")[0]
    opened.places[0].write("custodians/stranger.pem", stranger.pem)
    with pytest.raises(LeeboardError, match="has other certificates than"):
        vault.open_vault(var)
    opened.places[1].write("custodians/stranger.pem", stranger.pem)
    with pytest.raises(LeeboardError, match="not those that the ledger names"):
        vault.open_vault(var)


@pytest.mark.parametrize("damage", [b"", b"-----BEGIN CMS-----\n", b"x" * 4000])
def test_a_damaged_envelope_is_taken_from_the_other_copy(opened: Vault, damage: bytes) -> None:
    sealed(opened)
    (key,) = opened.keys().values()
    good = opened.envelope(key)
    path = opened.places[0].path / key.name
    path.write_bytes(damage)
    assert opened.envelope(key) == good
    (opened.places[1].path / key.name).write_bytes(good[:-40])
    with pytest.raises(LeeboardError, match="neither copy of it is as the ledger knows it"):
        opened.envelope(key)


@pytest.mark.parametrize("number", range(1, 9))
def test_a_disk_that_fills_up_at_any_write_leaves_no_key_that_counts(
    opened: Vault, var: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Each fsync in turn fails. Either the key is sealed in both places, or it is no key."""
    fsync, calls = os.fsync, 0

    def full(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == number:
            raise OSError(28, "No space left on device")
        fsync(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises((LeeboardError, OSError)):
            sealed(opened)
    again = vault.open_vault(var)
    for key in again.keys().values():
        assert {one.read(key.name) for one in again.places} == {again.envelope(key)}
    sealed(again, 2)
    assert again.keys()["900001", "EP-0001", "K-2"].state is State.PENDING


def test_two_that_write_at_once_take_turns(opened: Vault, var: Path) -> None:
    def add(number: int) -> None:
        sealed(vault.open_vault(var), number)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(one.id for one in vault.open_vault(var).keys().values()) == [f"K-{number}" for number in range(6)]


def test_who_holds_the_vault_is_named(opened: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vault, "WAIT", 0.1)
    with opened.writing(AT), pytest.raises(LeeboardError, match=rf"process {os.getpid()}, .* is writing|\(process"):
        sealed(opened)


def test_what_a_disk_does_not_give_back_is_no_copy(opened: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Place.read

    def rotten(place: Place, name: str, offset: int = 0) -> bytes | None:
        found = read(place, name, offset)
        return found[:-1] if found and place.copy == 2 and name.endswith("K-1.pem") else found

    monkeypatch.setattr(Place, "read", rotten)
    with pytest.raises(LeeboardError, match="does not read back as it was written"):
        sealed(opened)
    assert opened.keys() == {}


def test_a_certificate_that_ended_seals_nothing(opened: Vault) -> None:
    late = custodian("head")[0].ends + timedelta(seconds=1)
    with opened.writing(late) as writer, pytest.raises(LeeboardError, match="no key was made: head: ended on"):
        writer.seal(content(), "900001", "EP-0001", Level.STANDARD, "0d5e-uuid")
