"""`leeboard escrow init` that is cut off: it goes on when it is asked again, or says how."""

from __future__ import annotations

from pathlib import Path

import pytest

from leeboard.errors import LeeboardError
from leeboard.escrow.vault import vault
from leeboard.escrow.vault.checking import check
from leeboard.model.enums import Level
from tests.unit.escrow.vaults import AT, Died, another_volume, content, custodian, dying


def begin(folder: Path, other: Path, *names: str) -> vault.Vault:
    people = [custodian(name)[0] for name in names or ("head",)]
    return vault.make(folder / "var", (folder / "first", other / "second"), people, AT)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_wherever_it_is_cut_off_the_same_command_goes_on(tmp_path: Path, moment: str) -> None:
    with another_volume(tmp_path) as other, dying(0) as calls:
        begin(tmp_path, other)
    assert calls[0] > 10
    for point in range(1, calls[0] + 1):
        folder = tmp_path / f"{moment}-{point}"
        folder.mkdir()
        with another_volume(tmp_path) as other:
            with pytest.raises(Died), dying(point, moment):
                begin(folder, other)
            try:
                begin(folder, other, "head", "deputy")
                names = {"head", "deputy"}
            except LeeboardError as problem:
                assert "there is a vault already" in str(problem), f"at {point}"
                names = {"head"}
            opened = vault.open_vault(folder / "var")
            assert {one.name for one in opened.custodians} == names
            with opened.writing(AT) as writer:
                writer.seal(content(), "900001", "EP-0001", Level.STANDARD, "0d5e-uuid")
            assert check(opened, AT).problems == (), f"at {point}"
            assert opened.ledger().mark.entries == 2
            assert not (folder / "var" / "escrow-begun.json").exists() or names == {"head"}


def test_other_folders_are_refused_and_told_which(tmp_path: Path) -> None:
    with another_volume(tmp_path) as other:
        with pytest.raises(Died), dying(5):
            begin(tmp_path, other)
        with pytest.raises(LeeboardError, match=f"was cut off in {tmp_path}/first and {other}/second; run it again"):
            vault.make(tmp_path / "var", (tmp_path / "third", other / "fourth"), [custodian("head")[0]], AT)


def test_a_folder_that_holds_anything_else_is_still_refused(tmp_path: Path) -> None:
    with another_volume(tmp_path) as other:
        begin(tmp_path, other)
        with pytest.raises(LeeboardError, match="is not empty; give a folder of its own"):
            vault.make(tmp_path / "elsewhere", (tmp_path / "first", other / "second"), [custodian("head")[0]], AT)


def test_two_folders_on_one_volume_are_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(LeeboardError, match="both lie on one volume"):
        begin(tmp_path, tmp_path)
    assert list(tmp_path.iterdir()) == []
