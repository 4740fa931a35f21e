"""docs/reliability.md is what the command made of its records, and has enough points; that it is old is only said."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.reliability.page import PAGE, page
from tests.reliability.records import IMAGE, MACHINE, ROLL_OUT, ROOT, Done, Record, code, stand, totals
from tests.reliability.watched import KINDS

LEAST = 60
ONE = Record(
    data=True, opens=True, honest=True, finished=True, where=IMAGE, scenario="rotation", kind=KINDS[0], number=1,
    step="device: add", what="before add", at="2026-11-26T10:00Z", seconds=1.0, on="a machine", code="c" * 64,
)  # fmt: skip


def test_the_page_is_the_commands() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(Done().records, totals()), (
        "docs/reliability.md is not what make reliability writes of docs/proof/reliability.jsonl; run it, or "
        "PYTHONPATH=collections .venv/bin/python -m tests.reliability.page for the page alone"
    )


def test_there_are_enough_points_and_all_came_out_well() -> None:
    records = Done().records
    assert len({one.point for one in records}) >= LEAST
    for kind in KINDS:
        assert any(one.kind == kind and one.where == IMAGE for one in records), kind
    assert [one for one in records if not one.good] == []


def test_what_is_old_is_said() -> None:
    assert stand([ONE], lambda _where: "c" * 64) == "1 of 1 points are about the code as it is"
    said = stand([ONE, replace(ONE, number=2)], lambda _where: "d" * 64)
    assert said == "0 of 2 points are about the code as it is, 2 about older code"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code of the repository, somewhere else."""
    folder = tmp_path_factory.mktemp("copy")
    for path in (path for top in ("leeboard", "plugins", "tests") for path in (ROOT / top).rglob("*.py")):
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return folder


@pytest.mark.parametrize(
    ("where", "name", "old", "new", "is_other"),
    [
        (IMAGE, "leeboard/escrow/vault/rekeying.py", '"""', '"""# ', False),
        (IMAGE, "leeboard/escrow/vault/rekeying.py", "\n\n\n", "\n\nLEFT = 1\n", True),
        (IMAGE, "plugins/module_utils/_linux/luks/keys.py", "\n\n\n", "\n\nLEFT = 1\n", True),
        (IMAGE, "tests/controls/resident_observer.py", "\n\n\n", "\n\nLEFT = 1\n", False),
        (MACHINE, "tests/controls/resident_observer.py", "\n\n\n", "\n\nLEFT = 1\n", True),
        (MACHINE, "plugins/module_utils/_linux/dconf/driver.py", "\n\n\n", "\n\nLEFT = 1\n", False),
        (ROLL_OUT, "plugins/action/enforce.py", "\n\n\n", "\n\nLEFT = 1\n", True),
    ],
)
def test_what_a_point_is_about(copy: Path, where: str, name: str, old: str, new: str, is_other: bool) -> None:
    text = (copy / name).read_text()
    (copy / name).write_text(text.replace(old, new, 1))
    found = code(where, copy)
    (copy / name).write_text(text)
    assert text.count(old) and (found != code(where)) is is_other


def test_what_is_named_and_not_there_is_said(copy: Path) -> None:
    moved = (copy / "plugins/modules/luks_key.py").rename(copy / "luks_key.py")
    with pytest.raises(LookupError, match=r"plugins/modules/luks_key\.py: there is nothing"):
        code(IMAGE, copy)
    moved.rename(copy / "plugins/modules/luks_key.py")


def test_a_point_that_failed_stands_out() -> None:
    bad = replace(ONE, number=2, opens=False, why="nothing `opens` it")
    assert stand([ONE, bad], lambda _where: "c" * 64).endswith("; 1 FAILED")
    text = page([ONE, bad], {"rotation": 3})
    assert "| device: add | **1 of 2 failed** |  |  | data, opens 1 of 2, honest, finished |" in text
    assert "| still to be gone through on image files | 1 of rotation |" in text
    assert "(before add): opens. `nothing 'opens' it`" in text
    assert "still to be" not in page([ONE], {"rotation": 1})
    assert "failed**" not in page([ONE], {"rotation": 1}) and "What failed" not in page([ONE], {"rotation": 1})
