"""`leeboard escrow` as an officer of the LA runs it: on a terminal, with private keys on a stick."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leeboard.cli.escrow import command as cli
from leeboard.errors import LeeboardError
from leeboard.escrow.disks.disk import Credentials
from leeboard.escrow.disks.enrolment import enrol
from leeboard.escrow.vault import controller_state, ledger, vault
from leeboard.evidence.store.store import Store
from tests.unit.cli.escrow_controller import Controller, a_controller
from tests.unit.escrow.controller import DEVICE
from tests.unit.escrow.vaults import PASSPHRASE, custodian
from tests.unit.linux.disks import PASSPHRASE as DISK_PASSPHRASE
from tests.unit.linux.disks import cryptsetup, needs_cryptsetup
from tests.unit.linux.luks_machine import Disk as LuksDisk


@pytest.fixture
def controller(tmp_path: Path) -> Iterator[Controller]:
    with a_controller(tmp_path) as made:
        yield made


def test_begin_with_a_certificate_that_is_there(controller: Controller) -> None:
    controller.begin("head", "siro")
    opened = vault.open_vault(controller.var)
    assert sorted(one.name for one in opened.custodians) == ["head", "siro"]
    assert controller.run("verify") == (
        0,
        "0 keys, 0 of them whole in both copies; 0 headers of disks; the ledger follows on\n",
    )


def test_begin_with_a_private_key_of_our_making(controller: Controller) -> None:
    first, second = (str(one) for one in controller.places)
    options = ("init", "--first", first, "--second", second, "--make", "siro", "--keys", str(controller.stick))
    status, printed = controller.on_a_terminal(*options, answers=(PASSPHRASE, PASSPHRASE))
    assert status == 0 and "Take them away from this machine now" in printed
    key = controller.stick / "siro-private-key.pem"
    assert b"ENCRYPTED" in key.read_bytes() and key.stat().st_mode & 0o777 == 0o600
    said = controller.seal()
    options = ("open", "EP-0001", "--reason", "It asks for it.", "--private-key", str(key))
    status, printed = controller.on_a_terminal(*options, answers=(PASSPHRASE,))
    assert status == 0 and said.text in printed
    assert not any(b"PRIVATE" in path.read_bytes() for one in controller.places for path in one.rglob("*.pem"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "name at least one custodian"),
        (("--make", "head"), "--make and --keys go together"),
        (("--make", "../head", "--keys", "STICK"), "give each custodian a name of its own"),
        (("--make", "head", "--keys", "VAULT"), "a private key beside the vault protects nothing"),
        (("--make", "head", "--keys", "STICK"), "a passphrase is needed, and nobody can be asked here"),
        (("--custodian", "STICK/none.pem"), "there is no such file"),
        (("--custodian", "STICK/head-key.pem"), "holds a private key"),
    ],
)
def test_what_is_refused_makes_nothing(controller: Controller, options: tuple[str, ...], words: str) -> None:
    controller.places[0].mkdir()
    first, second = (str(one) for one in controller.places)
    given = [one.replace("STICK", str(controller.stick)).replace("VAULT", first) for one in options]
    status, said = controller.run("init", "--first", first, "--second", second, *given)
    assert status == 1 and words in said
    assert not (controller.var / controller_state.FILE).exists() and not list(controller.places[0].iterdir())


def test_open_writes_it_down_first_and_the_key_counts_as_used(controller: Controller) -> None:
    controller.begin("head")
    key = controller.seal()
    options = ("open", "ep-0001", "--reason", "The office machine does not start.", "--qr")
    options += ("--private-key", str(controller.stick / "head-key.pem"))
    status, printed = controller.on_a_terminal(*options, answers=(PASSPHRASE,))
    assert status == 0, printed
    assert key.text in printed and f"1 of 8   {key.groups[0][:4]} {key.groups[0][4:]}" in printed
    assert "Nobody has proved that this key opens the disk." in printed and "█" in printed
    last = list(vault.open_vault(controller.var).ledger())[-1]
    assert (last.event, last.key, last.reason) == (ledger.OPENED, "K-1", "The office machine does not start.")
    assert last.by and last.at
    assert json.loads(controller.run("list", "--format", "json")[1])["keys"][0]["state"] == "used"
    for place in controller.places:
        for path in place.rglob("*"):
            assert not path.is_file() or key.text.encode() not in path.read_bytes()


def test_a_wrong_passphrase_shows_nothing_and_writes_nothing_down(controller: Controller) -> None:
    controller.begin("head")
    key = controller.seal()
    options = ("open", "EP-0001", "--reason", "x", "--private-key", str(controller.stick / "head-key.pem"))
    status, printed = controller.on_a_terminal(*options, answers=("a wrong passphrase",))
    assert status == 1 and "the passphrase is wrong" in printed and key.groups[0] not in printed
    assert list(vault.open_vault(controller.var).ledger())[-1].event == ledger.SEALED
    assert "nobody can be asked here" in controller.run(*options)[1]


def test_which_key_is_meant(controller: Controller) -> None:
    controller.begin("head")
    kept = [("900001", "EP-1"), ("900002", "EP-1"), ("900001", "EP-2"), ("900001", "EP-2")]
    for number, (urn, asset) in enumerate(kept, 1):
        controller.seal(urn, asset, number)
    with vault.open_vault(controller.var).writing(cli.now()) as writer:
        writer.note(ledger.PROVED, urn="900001", asset="EP-2", key="K-3")

    def chosen(device: str, school: str | None = None, key: str | None = None) -> str:
        keys = list(vault.open_vault(controller.var).keys().values())
        try:
            return cli._chosen(keys, device, school, key).id
        except LeeboardError as wrong:
            return str(wrong)

    assert "the schools 900001, 900002 have one" in chosen("EP-1")
    assert chosen("EP-1", "900002") == "K-2"
    assert chosen("EP-2") == "K-3", "a proved one before a newer one that nobody has tried"
    assert chosen("EP-2", key="K-4") == "K-4"
    assert "no key of this device; it has K-3, K-4" in chosen("EP-2", key="K-9")
    assert "the vault has no key of such a device" in chosen("EP-3")
    with vault.open_vault(controller.var).writing(cli.now()) as writer:
        for key in ("K-3", "K-4"):
            writer.note(ledger.RETIRED, urn="900001", asset="EP-2", key=key)
    assert "all its keys are retired" in chosen("EP-2")


def test_a_private_key_of_somebody_else_is_refused(controller: Controller) -> None:
    controller.begin("head")
    controller.seal()
    (controller.stick / "stranger.pem").write_bytes(custodian("stranger")[1])
    options = ("open", "EP-0001", "--reason", "x", "--private-key", str(controller.stick / "stranger.pem"))
    status, printed = controller.on_a_terminal(*options, answers=(PASSPHRASE,))
    assert status == 1 and "belongs to none of the custodians" in printed
    assert list(vault.open_vault(controller.var).ledger())[-1].event == ledger.SEALED


def test_verify_names_each_thing_that_is_not_whole(controller: Controller) -> None:
    controller.begin("head")
    for number in (1, 2, 3):
        controller.seal(asset=f"EP-{number}", number=number)
    assert controller.run("verify")[1].startswith("3 keys, 3 of them whole")
    first, second = controller.places
    (first / "900001" / "EP-1" / "K-1.pem").unlink()
    (second / "900001" / "EP-2" / "K-2.pem").write_bytes(b"x")
    (second / "900001" / "EP-3" / "K-3.pem").chmod(0o644)
    shutil.copyfile(first / "900001" / "EP-3" / "K-3.pem", first / "900001" / "EP-3" / "K-9.pem")
    status, said = controller.run("verify")
    lines = said.splitlines()
    assert status == 3 and lines[-1].startswith("3 keys, 0 of them whole")
    for words in (
        "K-1.pem: copy 1 is missing",
        "K-2.pem: copy 2 is not as the ledger knows it",
        "others may use it",
        "K-9.pem: the ledger does not know",
    ):
        assert sum(words in line for line in lines) == 1, words
    assert len(lines) == 5


def test_no_vault_is_said(controller: Controller) -> None:
    for command in ("list", "verify"):
        assert "this controller has no vault; begin one with leeboard escrow init" in controller.run(command)[1]


def test_custodians_are_changed_on_a_terminal(controller: Controller) -> None:
    controller.begin("head")
    key = controller.seal()
    (controller.stick / "siro.pem").write_bytes(custodian("siro")[0].pem)
    options = ("rekey", "--private-key", str(controller.stick / "head-key.pem"))
    status, printed = controller.on_a_terminal(
        *options, "--custodian", str(controller.stick / "siro.pem"), "--remove", "head", answers=(PASSPHRASE,)
    )
    assert status == 0, printed
    assert "The vault has 1 custodian: siro." in printed and "1 envelope sealed anew." in printed
    assert "1 key in use could be read by somebody who is no custodian any more" in printed
    (controller.stick / "siro-key.pem").write_bytes(custodian("siro")[1])
    status, printed = controller.on_a_terminal(
        "open",
        "EP-0001",
        "--reason",
        "x",
        "--private-key",
        str(controller.stick / "siro-key.pem"),
        answers=(PASSPHRASE,),
    )
    assert status == 0 and key.text in printed
    status, printed = controller.on_a_terminal(*options, answers=(PASSPHRASE,))
    assert status == 0 and "0 envelopes sealed anew." in printed, "there is nothing that was left to finish"


def test_a_key_that_is_no_longer_in_its_disk_is_named(controller: Controller, monkeypatch: pytest.MonkeyPatch) -> None:
    controller.begin("head")
    for number, asset in enumerate(("EP-1", "EP-2", "EP-3"), 1):
        controller.seal(asset=asset, number=number)
        with vault.open_vault(controller.var).writing(cli.now()) as writer:
            writer.note(ledger.PROVED, urn="900001", asset=asset, key=f"K-{number}")
    at = datetime(2026, 11, 20, tzinfo=UTC)
    seen = {("900001", "EP-1"): ("compliant", at), ("900001", "EP-2"): ("drifted", at)}
    with Store(controller.var / "leeboard.db"):
        pass
    monkeypatch.setattr(Store, "verdicts", lambda _store, control: seen if control == "ENC-07" else {})
    status, said = controller.run("verify")
    assert status == 3
    assert said.splitlines()[:-1] == [
        "900001 EP-2: ENC-07 is drifted as of 20 November 2026; leeboard drift says why",
        "900001 EP-3: no check has compared its key with its disk yet",
    ]


def test_nobody_locks_the_vault_by_mistake(controller: Controller) -> None:
    controller.begin("head")
    options = ("rekey", "--private-key", str(controller.stick / "head-key.pem"))
    for more, words in (
        (("--remove", "head"), "a vault needs a custodian"),
        (("--remove", "siro"), "is no custodian; there are head"),
        (("--make", "siro"), "--make and --keys go together"),
    ):
        status, printed = controller.on_a_terminal(*options, *more, answers=(PASSPHRASE,))
        assert status == 1 and words in printed, printed
    assert [one.event for one in vault.open_vault(controller.var).ledger()] == [ledger.CUSTODIANS]


def test_verify_mends_what_the_other_place_has(controller: Controller) -> None:
    controller.begin("head")
    controller.seal()
    (controller.places[0] / "900001" / "EP-0001" / "K-1.pem").write_bytes(b"x")
    assert controller.run("verify")[0] == 3
    status, said = controller.run("verify", "--mend")
    assert status == 0 and "900001/EP-0001/K-1.pem: brought back from the other place" in said
    assert controller.run("verify")[0] == 0


@needs_cryptsetup
def test_a_header_is_written_for_a_rescue_stick_and_noted(controller: Controller, tmp_path: Path) -> None:
    controller.begin("head")
    disk = LuksDisk(tmp_path)
    given = Credentials(passphrase=DISK_PASSPHRASE)
    assert not enrol(vault.open_vault(controller.var), DEVICE, disk.ask, cli.now, given).failed
    target = controller.stick / "header"
    status, printed = controller.on_a_terminal(
        "header", "EP-0001", "--reason", "It does not start", "--private-key", str(controller.stick / "head-key.pem"),
        "-o", str(target), answers=(PASSPHRASE,),
    )  # fmt: skip
    assert status == 0 and "cryptsetup luksHeaderRestore" in printed, printed
    assert target.stat().st_mode & 0o777 == 0o600
    last = list(vault.open_vault(controller.var).ledger())[-1]
    assert (last.event, last.reason) == (ledger.HEADER_READ, "It does not start")
    with disk.path.open("r+b") as file:
        file.write(b"\xaa" * 65536)
    cryptsetup("luksHeaderRestore", "-q", "--header-backup-file", str(target), str(disk.path))
    assert disk.opens(DISK_PASSPHRASE)


def test_an_envelope_cut_short_is_one_line_and_is_not_noted_as_opened(controller: Controller) -> None:
    controller.begin("head")
    controller.seal()
    for place in controller.places:
        path = place / "900001" / "EP-0001" / "K-1.pem"
        path.write_bytes(path.read_bytes()[:-100])
    options = ("open", "EP-0001", "--reason", "x", "--private-key", str(controller.stick / "head-key.pem"))
    status, printed = controller.on_a_terminal(*options, answers=(PASSPHRASE,))
    assert status == 1 and "neither copy of it is as the ledger knows it; look in a backup" in " ".join(printed.split())
    assert list(vault.open_vault(controller.var).ledger())[-1].event == ledger.SEALED


@pytest.mark.parametrize("command", ["list", "verify"])
def test_a_vault_that_others_may_read_is_one_line(controller: Controller, command: str) -> None:
    controller.begin("head")
    controller.places[1].chmod(0o755)
    status, said = controller.run(command)
    assert status == 1 and said.endswith("its mode is 0755, and others may use it; run chmod 700 on it")


@pytest.mark.parametrize(("years", "words"), [(11, "head: ended on"), (-1, "head: is not valid before")])
def test_no_vault_is_begun_with_a_certificate_that_is_not_valid(
    controller: Controller, monkeypatch: pytest.MonkeyPatch, years: int, words: str
) -> None:
    (controller.stick / "head.pem").write_bytes(custodian("head")[0].pem)
    at = cli.now() + timedelta(days=366 * years)
    monkeypatch.setattr(cli, "now", lambda: at)
    first, second = (str(one) for one in controller.places)
    options = ("--first", first, "--second", second, "--custodian", str(controller.stick / "head.pem"))
    status, said = controller.run("init", *options)
    assert status == 1 and words in said and said.endswith("nothing was made")
    assert not (controller.var / controller_state.FILE).exists() and not any(one.exists() for one in controller.places)
