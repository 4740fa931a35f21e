"""`leeboard escrow` with recovery passwords of BitLocker: listed, and opened by what a blue screen shows."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from leeboard.cli.escrow import command as cli
from leeboard.escrow.keys.recovery_key import Kind
from leeboard.escrow.keys.recovery_password import new_password
from leeboard.escrow.vault import ledger, vault
from leeboard.evidence.store.store import Store
from leeboard.model.enums import Level
from tests.unit.cli.escrow_controller import Controller, a_controller
from tests.unit.escrow.vaults import PASSPHRASE, content, custodian

BITLOCKER_ID = "{0A1B2C3D-1111-2222-3333-444455556666}"


@pytest.fixture
def controller(tmp_path: Path) -> Iterator[Controller]:
    with a_controller(tmp_path) as made:
        yield made


def keep_password(
    controller: Controller, asset: str, key: str, protector: str, adopted: bool = False, disk: str = "volume-guid"
) -> str:
    """A recovery password of BitLocker that was compared; its digits."""
    said = replace(content(1), key=new_password(), id=key, kind=Kind.BITLOCKER, adopted=adopted)
    with vault.open_vault(controller.var).writing(cli.now()) as writer:
        writer.seal(said, "900001", asset, Level.STANDARD, disk, protector=protector if adopted else "")
        if not adopted:
            about = {"urn": "900001", "asset": asset, "key": key, "disk": disk}
            writer.note(ledger.COMPARED, **about, protector=protector)
    return said.key.text


def test_a_recovery_password_is_listed_and_opened_as_such(controller: Controller) -> None:
    controller.begin("head")
    text = keep_password(controller, "EP-0001", "K-1", BITLOCKER_ID)
    (row,) = json.loads(controller.run("list", "--format", "json")[1])["keys"]
    assert (row["kind"], row["state"], row["protector"]) == ("bitlocker", "compared", BITLOCKER_ID)
    private_key = str(controller.stick / "head-key.pem")
    options = ("open", "EP-0001", "--reason", "It asks", "--private-key", private_key)
    status, printed = controller.on_a_terminal(*options, answers=(PASSPHRASE,))
    assert status == 0 and text in printed and BITLOCKER_ID in printed
    first = text.split("-")[0]
    assert f"1 of 8   {first[:3]} {first[3:]}" in printed
    (row,) = json.loads(controller.run("list", "--format", "json")[1])["keys"]
    assert row["state"] == "used"


def test_a_password_is_found_by_what_the_blue_screen_shows(controller: Controller) -> None:
    controller.begin("head")
    text = keep_password(controller, "EP-0001", "K-1", BITLOCKER_ID)
    keep_password(controller, "EP-0002", "K-2", BITLOCKER_ID.replace("1111", "9999"), adopted=True)
    options = ("--reason", "It asks", "--private-key", str(controller.stick / "head-key.pem"))
    status, said = controller.run("open", "0a1b2c3d", *options)
    assert status == 1 and "several keys fit" in said
    assert "900001 EP-0001, key K-1, " in said and "900001 EP-0002, key K-2, " in said
    assert said.count("(compared)") == 2
    status, said = controller.run("open", "0A1B2C3E", *options)
    assert status == 1 and "no key that is kept has a recovery key ID that begins so" in said
    assert "opened" not in (controller.places[0] / ledger.FILE).read_text()
    status, said = controller.run("open", "0a1b2c3d", *options, "--key", "K-3")
    assert status == 1 and "no key that is kept has a recovery key ID that begins so" in said
    status, printed = controller.on_a_terminal("open", "0A1B2C3D-1111", *options, answers=(PASSPHRASE,))
    assert status == 0 and text in printed


def test_verify_compares_with_what_the_last_check_saw(controller: Controller, monkeypatch: pytest.MonkeyPatch) -> None:
    controller.begin("head")
    disk = "aaaaaaaa-0000-4000-8000-00000000000c"
    keep_password(controller, "EP-0001", "K-1", BITLOCKER_ID, disk=disk)
    assert controller.run("verify")[0] == 0, "without a database nothing is compared"
    with Store(controller.var / "leeboard.db"):
        pass
    status, said = controller.run("verify")
    assert status == 3 and said.startswith("900001 EP-0001: no check has compared its recovery passwords")
    volume = {"name": f"\\\\?\\Volume{{{disk}}}\\", "letter": "C:", "kind": 0, "conversion": 1}
    for protectors, status in (([{"id": BITLOCKER_ID, "type": 3}], 0), ([], 3)):
        found = {"state": "value", "value": [json.dumps({**volume, "protectors": protectors})], "source": "WMI"}
        seen = {"readings": [{"driver": "bitlocker_volume", "address": "volumes", "effective": found}]}
        monkeypatch.setattr(Store, "observation", lambda _store, _urn, _asset, seen=seen: seen)
        assert controller.run("verify")[0] == status
    assert f"EP-0001: key K-1, its recovery password {BITLOCKER_ID}, is gone from C:" in controller.run("verify")[1]


def test_all_that_fit_are_listed_the_retired_ones_too(controller: Controller) -> None:
    """Twenty machines whose ids begin alike, one of them changed since: none is left out, and none is opened."""
    controller.begin("head")
    ids = [BITLOCKER_ID.replace("1111", f"{number:04X}") for number in range(20)]
    for number, protector in enumerate(ids):
        keep_password(controller, f"EP-{number:04}", f"K-{number}", protector)
    with vault.open_vault(controller.var).writing(cli.now()) as writer:
        writer.note(ledger.RETIRED, urn="900001", asset="EP-0007", key="K-7", disk="volume-guid", reason="changed")
    options = ("--reason", "It asks", "--private-key", str(controller.stick / "head-key.pem"))
    status, said = controller.run("open", " 0A1B2C3D", *options)
    assert status == 1 and all(protector in said for protector in ids)
    assert f"900001 EP-0007, key K-7, {ids[7]} (retired)" in said
    status, said = controller.run("open", "0A1B2C3D", *options, "--school", "900002")
    assert status == 1 and "no key that is kept" in said
    assert "opened" not in (controller.places[0] / ledger.FILE).read_text()


def test_a_device_that_is_named_as_an_id_begins_is_not_taken_for_it(controller: Controller) -> None:
    controller.begin("head")
    keep_password(controller, "0A1B2C3D", "K-1", BITLOCKER_ID.replace("0A1B", "9999"))
    keep_password(controller, "EP-0002", "K-2", BITLOCKER_ID)
    options = ("--reason", "It asks", "--private-key", str(controller.stick / "head-key.pem"))
    status, said = controller.run("open", "0A1B2C3D", *options)
    assert status == 1 and "several keys fit" in said and "key K-1" in said and "key K-2" in said
    status, printed = controller.on_a_terminal("open", "0A1B2C3D", *options, "--key", "K-1", answers=(PASSPHRASE,))
    assert status == 0 and "9999" in printed


def test_of_several_volumes_none_is_guessed(controller: Controller) -> None:
    controller.begin("head")
    keep_password(controller, "EP-0001", "K-1", BITLOCKER_ID)
    keep_password(controller, "EP-0001", "K-2", BITLOCKER_ID.replace("0A1B", "9999"), disk="another-guid")
    options = ("--reason", "It asks", "--private-key", str(controller.stick / "head-key.pem"))
    status, said = controller.run("open", "EP-0001", *options)
    assert status == 1 and "has several encrypted volumes; give the recovery key ID that it shows" in said
    assert "key K-1, volume volume-guid" in said and "key K-2, volume another-guid" in said
    assert "opened" not in (controller.places[0] / ledger.FILE).read_text()


def test_openssl_opens_a_recovery_password_for_each_custodian(controller: Controller) -> None:
    controller.begin("head", "siro")
    text = keep_password(controller, "EP-0001", "K-1", BITLOCKER_ID)
    for place in controller.places:
        for name in ("head", "siro"):
            secret = controller.stick / f"{name}-openssl.pem"
            secret.write_bytes(custodian(name)[1])
            command = ["openssl", "cms", "-decrypt", "-inform", "PEM", "-in", str(place / "900001/EP-0001/K-1.pem")]
            command += ["-recip", str(place / f"custodians/{name}.pem"), "-inkey", str(secret)]
            done = subprocess.run([*command, "-passin", "stdin"], input=PASSPHRASE, capture_output=True, text=True)
            lines = done.stdout.splitlines()
            assert done.returncode == 0, done.stderr
            assert (lines[0], lines[-1]) == ("BitLocker recovery password, made by Leeboard", text)
