"""Which machine answered."""

from __future__ import annotations

import pytest

from leeboard.model.identity import Sighting, compare, sighting, usable_machine_id, usable_serial, usable_uuid
from leeboard.model.observation import Identity

UUID = "4c4c4544-0042-3510-8052-b3c04f4b4e32"
SWAPPED = "44454c4c-4200-1035-8052-b3c04f4b4e32"
OTHER = "11c5c8e0-93f4-11ed-9a2c-7c5758f0a1b2"
MINE, THEIRS = "a1" * 16, "b2" * 16


@pytest.mark.parametrize(
    "serial",
    [
        "To Be Filled By O.E.M.", "to be filled by o.e.m.", "Default string", "System Serial Number", "Not Specified",
        "None", "0", "00000000", "1111111", "0123456789", "123456789", "XXXXXXXX", "  ", "", "N/A", "1.0", "01010101",
        "Default  string", "....", "INVALID",
    ],
)  # fmt: skip
def test_makers_placeholders_are_no_serial(serial: str) -> None:
    assert usable_serial(serial) is None


@pytest.mark.parametrize(
    ("given", "kept"), [("pf1abcde", "PF1ABCDE"), (" 5CG1234XYZ \n", "5CG1234XYZ"), ("2345", None)]
)
def test_a_serial_is_kept_in_one_spelling(given: str, kept: str | None) -> None:
    assert usable_serial(given) == kept


@pytest.mark.parametrize(
    "uuid",
    [
        "00000000-0000-0000-0000-000000000000", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
        "03000200-0400-0500-0006-000700080009", "00020003-0004-0005-0006-000700080009",
        "12345678-1234-5678-90ab-cddeefaabbcc", "fefefefe-fefe-fefe-fefe-fefefefefefe",
        "11c5c8e0-ffff-ffff-ffff-ffffffffffff", "Not Settable", "", "11111111-1111-1111-1111-111111111111",
    ],
)  # fmt: skip
def test_makers_placeholders_are_no_uuid(uuid: str) -> None:
    assert usable_uuid(uuid) is None


def test_a_uuid_is_kept_in_one_spelling() -> None:
    assert usable_uuid("{" + UUID.upper() + "}\n") == UUID


def test_a_machine_id_may_be_a_windows_guid() -> None:
    assert usable_machine_id("A1A1A1A1-A1A1-A1A1-A1A1-A1A1A1A1A1B2") == "a1" * 15 + "b2"
    assert usable_machine_id("uninitialized") is None
    assert usable_machine_id("0" * 32) is None


@pytest.mark.parametrize(
    ("pin", "seen", "outcome", "words"),
    [
        (None, Sighting("PF1", UUID, MINE, "Debian 13"), "first", ""),
        (None, Sighting(os="Debian 13"), "unidentified", "run as root"),
        (Sighting("PF1", UUID, MINE), Sighting("PF1", UUID, MINE), "same", ""),
        # A board swapped: the serial was put in again, the UUID is the new board's. And the other way.
        (Sighting("PF1", UUID), Sighting("PF1", OTHER), "another_machine", "its UUID is"),
        (Sighting("PF1", UUID), Sighting("PF2", UUID), "another_machine", "its serial is PF2, and was PF1"),
        # Read by Windows and by Linux on firmware older than SMBIOS 2.6.
        (Sighting("PF1", UUID), Sighting("PF1", SWAPPED), "same", ""),
        # Unprivileged tonight: neither serial nor UUID.
        (Sighting("PF1", UUID, MINE), Sighting(None, None, MINE), "same", ""),
        (Sighting("PF1", UUID, MINE), Sighting(None, None, THEIRS), "another_machine", "run as root"),
        (Sighting("PF1", UUID, None), Sighting(None, None, THEIRS), "unidentified", "nothing it says"),
        (Sighting("PF1", None, MINE), Sighting(None, UUID, MINE), "same", ""),
        # Cloned images share the machine-id: hardware decides.
        (Sighting("PF1", None, MINE), Sighting("PF2", None, MINE), "another_machine", "serial"),
        (Sighting("PF1", UUID, MINE), Sighting("PF1", UUID, THEIRS), "reinstalled", "its machine-id is new"),
        (
            Sighting("PF1", UUID, MINE, "Debian GNU/Linux 12"),
            Sighting("PF1", UUID, MINE, "Microsoft Windows 11 Education"),
            "reinstalled",
            "it runs Microsoft Windows 11 Education, and ran Debian GNU/Linux 12",
        ),
        # An upgrade is no reinstallation.
        (
            Sighting("PF1", UUID, MINE, "Debian GNU/Linux 12 (bookworm)"),
            Sighting("PF1", UUID, MINE, "Debian GNU/Linux 13 (trixie)"),
            "same",
            "",
        ),
        (Sighting(None, None, MINE), Sighting(None, None, MINE), "same", ""),
    ],
)
def test_compare(pin: Sighting | None, seen: Sighting, outcome: str, words: str) -> None:
    found = compare(pin, seen)
    assert (found.outcome, words in found.reason) == (outcome, True), found


def test_the_registers_serial_decides_before_any_pin() -> None:
    assert compare(None, Sighting("PF2"), "PF1").outcome == "another_machine"
    assert compare(None, Sighting("PF1"), " pf1 ").outcome == "first"
    assert compare(None, Sighting("PF2"), "Default string").outcome == "first"
    assert compare(None, Sighting(None, UUID), "PF1").outcome == "first"


def test_what_could_not_be_read_says_nothing() -> None:
    gone = {"state": "unreadable", "code": "needs_root", "why": "permission denied"}
    absent = {"state": "absent", "source": "x"}
    mine = {"state": "value", "value": MINE, "source": "/etc/machine-id"}
    said = Identity.model_validate({"serial": gone, "uuid": gone, "machine_id": mine, "os": absent})
    assert sighting(said) == Sighting(None, None, MINE, None)
