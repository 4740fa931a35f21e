"""What `leeboard undo` makes of what devices tell: exit codes, words, and nothing on a terminal as it came."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeboard.ansible.inventory import EstateInventory
from leeboard.ansible.run import RunResult
from leeboard.cli import undo as command
from leeboard.errors import LeeboardError
from leeboard.evidence.bundles.schema import School
from leeboard.evidence.bundles.writer import Origin, SchoolLock, Writer
from leeboard.evidence.undoing import changed_by, collect, newest
from leeboard.model.run_id import new_run_id, stamp
from tests.unit.evidence.estate import NIGHT, URN, aspect, expected

DEVICES = (expected("PC-1", enforce=("LCK",)), expected("PC-2"), expected("PC-3"))
CHANGE = {
    "control": "LCK-01",
    "driver": "dconf",
    "address": "/idle",
    "before": {"effective": aspect(3600)},
    "after": {"effective": aspect(600)},
    "journal": "/x",
}
BACK = {"driver": "dconf", "addresses": ["/idle"], "target": "/etc/x", "was": "absent"}
LEFT = {
    "driver": "dconf",
    "addresses": ["/idle"],
    "target": "/etc/y",
    "why": "changed since: its content is another one",
}
TOLD: dict[str, Any] = {
    "failed": False, "reached": True, "message": "1 put back", "put_back": [BACK], "already": [], "left": [],
    "remarks": [],
}  # fmt: skip


def bundle(var: Path, changes: Mapping[str, Sequence[Any]], action: str = "enforce", minutes: int = 0) -> str:
    """Evidence of a run with these changes by asset; its id."""
    run = new_run_id(NIGHT + timedelta(minutes=minutes))
    lock = SchoolLock(var / "evidence", URN, run)
    origin = Origin(leeboard="0.1.0", action=action, baseline="b" * 64, inventory="c" * 64)
    writer = Writer(lock, run, School(urn=URN, name="Hill School"), origin, DEVICES)
    for asset, made in changes.items():
        line = {"asset": asset, "name": asset.lower(), "at": stamp(NIGHT), "outcome": "failed", "message": "x"}
        writer.device({**line, "changes": list(made)})
    writer.close(NIGHT)
    return run


@pytest.fixture
def undo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run the command on an inventory of three devices; `told` is what the action says of each, by host."""
    source = tmp_path / "hosts.yml"
    source.write_text("")
    monkeypatch.setattr(command.inventories, "read", lambda *_given: EstateInventory(DEVICES, ()))

    def run(run: str, told: Mapping[str, Any], **options: Any) -> int:
        def play(
            name: str, _source: Path, _var: Path, hosts: list[str], extra: dict[str, str], *_more: Any, school: str
        ) -> RunResult:
            assert (name, extra["undo_run"], school) == ("undo", run, URN)
            for host in hosts:
                if host in told:
                    path = Path(extra["undo_report"]) / f"{hashlib.sha256(host.encode()).hexdigest()}.json"
                    path.write_text(json.dumps({"name": host, **TOLD, **told[host]}))
            return RunResult(0, "what Ansible said")

        monkeypatch.setattr(command, "run_playbook", play)
        return command.undo(run, source, **{"var": tmp_path, "yes": True, **options})

    return run


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"pc-1": {}, "pc-2": {}}, 0),
        ({"pc-1": {}, "pc-2": {"left": [LEFT]}}, 2),
        ({"pc-1": {"left": [LEFT]}}, 3),
        ({"pc-1": {"left": [LEFT]}, "pc-2": {"reached": False, "failed": True}}, 3),
        ({"pc-1": {"failed": True}, "pc-2": {"reached": False, "failed": True}}, 1),
    ],
)
def test_the_worst_decides_how_it_ends(
    told: dict[str, Any], code: int, undo: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = bundle(tmp_path, {"PC-1": [CHANGE], "PC-2": [CHANGE]})
    assert undo(run, told) == code
    said = capsys.readouterr().out
    assert "LCK-01 dconf:/idle: 3600 -> 600" in said
    assert "LCK: still switched on in leeboard_enforce" in said
    assert ("changed since" in said) == any(one.get("left") for one in told.values())


def test_one_device_by_its_name_or_its_tag(undo: Callable[..., int], tmp_path: Path) -> None:
    run = bundle(tmp_path, {"PC-1": [CHANGE], "PC-2": [CHANGE]})
    assert undo(run, {"pc-2": {}}, device=["pc-2"]) == 0
    assert undo(run, {"pc-2": {}}, device=["PC-2"]) == 0
    with pytest.raises(LeeboardError, match="PC-3: the run changed nothing there; it changed PC-1, PC-2"):
        undo(run, {}, device=["PC-3"])


def test_what_a_device_says_reaches_no_terminal_as_it_came(
    undo: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = "\x1b]0;evil\x07\u202e\n\r" + "x" * 5000
    change = {**CHANGE, "address": evil, "before": {"effective": aspect(evil)}, "control": evil}
    run = bundle(tmp_path, {"PC-1": [change, evil, {"text": evil, "undoes": "x"}, {}]})
    told = {"message": evil, "put_back": [{"target": evil, "was": evil}], "left": [{"target": evil, "why": evil}],
            "remarks": [evil]}  # fmt: skip
    assert undo(run, {"pc-1": told}) == 2
    said = capsys.readouterr().out
    assert not any(ord(character) < 32 and character != "\n" for character in said) and "\u202e" not in said
    assert max(map(len, said.splitlines())) < 700


def test_encryption_is_said_to_stay(
    undo: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = bundle(tmp_path, {"PC-1": [{**CHANGE, "control": "ENC-11"}]})
    undo(run, {"pc-1": {}})
    assert "encryption (ENC) is never undone" in capsys.readouterr().out


def test_a_check_changed_nothing(undo: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert undo(bundle(tmp_path, {"PC-1": []}, "check"), {}) == 0
    assert "changed nothing on these devices" in capsys.readouterr().out


def test_an_unknown_run_is_answered_with_the_newest(undo: Callable[..., int], tmp_path: Path) -> None:
    runs = [bundle(tmp_path, {"PC-1": [CHANGE]}, minutes=minutes) for minutes in range(7)]
    bundle(tmp_path, {}, "check", minutes=8)
    assert [said[:25] for said in newest([tmp_path / "evidence" / URN])] == runs[:1:-1]
    for wrong in ("20200101T000000Z-00000000", "../../x", "", "x\n"):
        with pytest.raises(LeeboardError, match="there is no such run; the newest are") as problem:
            undo(wrong, {})
        assert runs[-1] in str(problem.value) and "\n" not in str(problem.value)


def test_nobody_says_yes(undo: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = bundle(tmp_path, {"PC-1": [CHANGE]})
    for answer in ("", "n", "nope"):
        monkeypatch.setattr("builtins.input", lambda _question, answer=answer: answer)
        with pytest.raises(LeeboardError, match="nobody said yes"):
            undo(run, {"pc-1": {}}, yes=False)
    monkeypatch.setattr("builtins.input", lambda _question: "Yes ")
    assert undo(run, {"pc-1": {}}, yes=False) == 0
    assert undo(run, {"pc-1": {}}, yes=False, dry_run=True) == 0, "a dry run asks nothing"


def test_ansible_that_comes_to_no_device_is_a_failure(undo: Callable[..., int], tmp_path: Path) -> None:
    with pytest.raises(LeeboardError, match="Ansible did not come to any device"):
        undo(bundle(tmp_path, {"PC-1": [CHANGE]}), {})


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*TOLD, "name", "target", "x"]), inner, max_size=4)
    ),
)


@given(ANYTHING)
def test_no_report_crashes_the_command(tmp_path_factory: pytest.TempPathFactory, told: Any) -> None:
    folder = tmp_path_factory.mktemp("report")
    (folder / "one.json").write_text(json.dumps(told))
    try:
        collect(folder)
    except LeeboardError as problem:
        assert "makes no sense" in str(problem)


def test_a_run_of_two_schools_is_found_in_both(tmp_path: Path) -> None:
    run = bundle(tmp_path, {"PC-1": [CHANGE]})
    assert changed_by([tmp_path / "evidence" / "900009", tmp_path / "evidence" / URN], run) is not None
    assert changed_by([tmp_path / "evidence" / "900009"], run) is None
