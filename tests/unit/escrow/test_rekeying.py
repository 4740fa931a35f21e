"""Other custodians: who joins opens everything, who leaves nothing that is sealed anew; whatever dies when."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from leeboard.errors import LeeboardError
from leeboard.escrow.keys.envelope import Content
from leeboard.escrow.vault import vault
from leeboard.escrow.vault.checking import check, mended
from leeboard.escrow.vault.rekeying import hand_over, opener, reseal
from leeboard.escrow.vault.vault import Vault
from leeboard.model.enums import Level
from tests.unit.escrow.vaults import (
    AT,
    Died,
    another_volume,
    bring_back,
    content,
    custodian,
    dying,
    keep,
    private,
)  # fmt: skip

HEADER = bytes(range(256)) * 40
SAID = [content(number) for number in (1, 2)]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Vault]:
    """A vault of one custodian, with two keys and the copy of a header."""
    with another_volume(tmp_path) as other:
        made = vault.make(tmp_path / "var", (tmp_path / "first", other / "second"), [custodian("head")[0]], AT)
        with made.writing(AT) as writer:
            for said in SAID:
                writer.seal(said, "900001", "EP-0001", Level.STANDARD, said.disk)
            writer.keep_header(HEADER, "900001", "EP-0001", "H-1", "0d5e-uuid", {"uuid": "0d5e-uuid"})
        yield made


def change(opened: Vault, *names: str, by: str = "head") -> Vault:
    """Let these be the custodians, with the private key of one who is or was one."""
    key = private(custodian(by)[1])
    if {one.name for one in opened.custodians} != set(names):
        opened = hand_over(opened, [custodian(name)[0] for name in names], AT)
    _done, failed = reseal(opened, opener(opened, key), lambda: AT)
    assert failed == []
    return opened


def readable(opened: Vault, name: str) -> list[Content]:
    """What a custodian's private key opens now, of either copy. Raises LeeboardError for the first that it does not."""
    found = opener(opened, private(custodian(name)[1]))
    records = opened.records()["900001", "EP-0001"]
    assert [found.header(opened, one) for one in records.headers] == [HEADER]
    return [found.key(opened, one) for one in records.keys]


def test_who_joins_opens_everything_and_so_does_who_stays(opened: Vault) -> None:
    after = change(opened, "head", "siro")
    assert readable(after, "head") == readable(after, "siro") == SAID
    assert check(vault.open_vault(opened.var), AT).problems == ()


def test_who_leaves_opens_nothing_any_more(opened: Vault) -> None:
    after = change(opened, "siro")
    assert readable(after, "siro") == SAID
    with pytest.raises(LeeboardError, match="is not sealed to whom this private key belongs to"):
        readable(after, "head")
    for key in after.keys().values():
        assert set(key.readers) - {one.fingerprint for one in after.custodians}, "a roll-out has to change it"


def test_new_keys_are_sealed_to_the_new_ones_only(opened: Vault) -> None:
    after = hand_over(opened, [custodian("siro")[0]], AT)
    with after.writing(AT) as writer:
        key = writer.seal(content(3), "900001", "EP-0001", Level.STANDARD, "0d5e-uuid")
    assert key.custodians == key.readers == (custodian("siro")[0].fingerprint,)


def test_a_stranger_changes_nothing(opened: Vault) -> None:
    with pytest.raises(LeeboardError, match="belongs to none of the custodians"):
        change(opened, "head", by="stranger")
    with pytest.raises(LeeboardError, match="a vault needs a custodian; nothing was changed"):
        hand_over(opened, [], AT)
    assert readable(vault.open_vault(opened.var), "head") == SAID


def test_who_has_the_vault_open_meanwhile_makes_no_key_for_those_of_before(opened: Vault) -> None:
    change(opened, "siro")
    with pytest.raises(LeeboardError, match="the custodians of the vault changed"), opened.writing(AT) as writer:
        writer.seal(content(3), "900001", "EP-0001", Level.STANDARD, "0d5e-uuid")


def test_one_that_cannot_be_opened_is_said_and_the_others_are_sealed(opened: Vault) -> None:
    for one in opened.places:
        (one.path / "900001/EP-0001/K-1.pem").write_bytes(b"gone")
    after = hand_over(opened, [custodian("siro")[0]], AT)
    done, failed = reseal(after, opener(after, private(custodian("head")[1])), lambda: AT)
    assert done == 2 and len(failed) == 1 and "K-1.pem: neither copy" in failed[0]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_controller_that_dies_at_any_write_loses_nothing(opened: Vault, tmp_path: Path, moment: str) -> None:
    saved = keep(opened, tmp_path)
    with dying(0) as points:
        change(opened, "head", "siro")
    assert points[0] > 20, points
    for point in range(1, points[0] + 1):
        bring_back(opened, saved)
        with dying(point, moment), suppress(Died):
            change(opened, "head", "siro")
        between = vault.open_vault(opened.var)
        assert readable(between, "head") == SAID, (point, "whoever could open everything still can")
        after = change(between, "head", "siro")
        assert readable(after, "siro") == readable(after, "head") == SAID, point
        assert check(vault.open_vault(opened.var), AT).problems == (), point
        assert all(not one.names("custodians-next") for one in after.places), point


def test_a_copy_is_brought_back_from_the_other_place(opened: Vault) -> None:
    first, second = opened.places
    (first.path / "900001/EP-0001/K-1.pem").write_bytes(b"gone")
    (second.path / "900001/EP-0001/H-1.header").unlink()
    assert len(check(opened, AT).problems) == 2
    assert sorted(mended(opened, AT)) == ["900001/EP-0001/H-1.header", "900001/EP-0001/K-1.pem"]
    assert check(opened, AT).problems == ()
    for one in opened.places:
        (one.path / "900001/EP-0001/K-1.pem").write_bytes(b"gone")
    assert mended(opened, AT) == []
    assert len(check(opened, AT).problems) == 2
