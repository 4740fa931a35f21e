"""`leeboard checkpoint`: exit codes and words from what devices say, and the device's own command for confirming."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from leeboard.ansible.inventory import EstateInventory
from leeboard.ansible.run import RunResult
from leeboard.cli import checkpoint as command
from leeboard.cli import school
from leeboard.errors import LeeboardError
from leeboard.policy.load import load
from tests.unit.evidence.estate import URN, expected

DEVICES = (expected("PC-1"), expected("PC-2", platform="windows"), expected("TV-1", platform="other"))
FREE = {"reached": True, "failed": False, "state": "none", "message": "no checkpoint is held"}
HELD = {**FREE, "state": "armed", "message": "the run R of ada on desk holds the device's checkpoint until 02:04 UTC"}
BUSY = {**FREE, "failed": True, "state": "putting-back", "message": "the device is putting back the run R"}
AWAY = {"reached": False, "failed": True, "state": "", "message": "it is silent"}
BROKEN = {**FREE, "failed": True, "state": "", "message": "it could not be read"}


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, list[str]]]:
    """Run a command; `told` is what the action says of each host. Returns (exit code, the hosts that were asked)."""
    source = tmp_path / "hosts.yml"
    source.write_text("")
    monkeypatch.setattr(command.inventories, "read", lambda *_given: EstateInventory(DEVICES, ()))

    def run(work: str, told: Mapping[str, Any], *names: str, **options: Any) -> tuple[int, list[str]]:
        hosts_asked: list[str] = []

        def play(
            name: str, _source: Path, _var: Path, hosts: list[str], extra: dict[str, str], school: str
        ) -> RunResult:
            assert (name, extra["checkpoint_work"], school) == ("checkpoint", work, URN)
            hosts_asked.extend(hosts)
            for host in hosts:
                if host in told:
                    path = Path(extra["checkpoint_report"]) / f"{hashlib.sha256(host.encode()).hexdigest()}.json"
                    path.write_text(json.dumps({"name": host, **told[host]}))
            return RunResult(0, "what Ansible said")

        monkeypatch.setattr(command, "run_playbook", play)
        done = getattr(command, work)(source, list(names), var=tmp_path, **options)
        return done, hosts_asked

    return run


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"pc-1": FREE, "pc-2": FREE}, 0),
        ({"pc-1": FREE, "pc-2": HELD}, 2),
        ({"pc-1": HELD, "pc-2": AWAY}, 3),
        ({"pc-1": HELD}, 3),
        ({"pc-1": AWAY, "pc-2": BROKEN}, 1),
    ],
)
def test_the_worst_decides_how_it_ends(
    told: dict[str, Any], code: int, asked: Callable[..., tuple[int, list[str]]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked("status", told) == (code, ["pc-1", "pc-2"])
    said = capsys.readouterr().out
    for host, one in told.items():
        assert f"{host}: {one['message'] if one['reached'] else 'not reached. it is silent'}" in said
    assert ("pc-2: not reached. Nothing was heard of it." in said) is ("pc-2" not in told)


@pytest.mark.parametrize("name", ["PC-2", "pc-2"])
def test_one_device_is_put_back_by_its_tag_or_its_host(name: str, asked: Callable[..., tuple[int, list[str]]]) -> None:
    assert asked("rollback", {"pc-2": {**FREE, "state": "back"}}, name, yes=True) == (0, ["pc-2"])
    assert asked("rollback", {"pc-2": BUSY}, name, yes=True) == (2, ["pc-2"])


def test_nothing_is_put_back_unless_somebody_says_yes(
    asked: Callable[..., tuple[int, list[str]]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(LeeboardError, match="nobody can be asked here; nothing was put back; give --yes"):
        asked("rollback", {}, "PC-2")
    monkeypatch.setattr(command, "agreed", lambda *_given: False)
    assert asked("rollback", {}, "PC-2") == (0, [])
    assert "Nothing was put back." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "words"),
    [("PC-9", "PC-9: there is no such device"), ("TV-1", "checkpoints on Linux and Windows only; nobody was asked")],
)
def test_what_cannot_be_asked_is_named(name: str, words: str, asked: Callable[..., tuple[int, list[str]]]) -> None:
    with pytest.raises(LeeboardError, match=words):
        asked("status", {}, name)


def test_a_device_reaches_no_terminal_with_control_characters(
    asked: Callable[..., tuple[int, list[str]]], capsys: pytest.CaptureFixture[str]
) -> None:
    asked("status", {"pc-1": {**HELD, "message": "\x1b[2Jevil"}, "pc-2": FREE})
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize(("root", "rest"), [(True, []), (False, ["/bin/sudo"])])
@pytest.mark.parametrize(("status", "code"), [(0, 0), (1, 1), (127, 1)])
def test_a_person_confirms_with_the_device_s_own_command(
    root: bool, rest: list[str], status: int, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []

    def run(argv: list[str], check: bool) -> Any:
        started.append(argv)
        return SimpleNamespace(returncode=status)

    monkeypatch.setattr(command.shutil, "which", lambda name, path: f"/bin/{name}")
    monkeypatch.setattr(command.os, "geteuid", lambda: 0 if root else 1000)
    monkeypatch.setattr(command.subprocess, "run", run)
    assert command.confirm() == code
    assert started == [[*rest, "/bin/leeboard-checkpoint", "confirm"]]


def test_where_no_checkpoint_is_held_nothing_is_confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command.shutil, "which", lambda _name, path: None)
    with pytest.raises(LeeboardError, match=r"this machine holds no checkpoint.*nothing was confirmed"):
        command.confirm()


def test_switching_a_family_on_says_what_of_it_could_cut_off() -> None:
    shipped = load()
    (control,) = [one for one in shipped.controls if one.id == "LCK-01"]
    driver = next(one.driver for one in control.settings if one.write is not None)
    risky = shipped.drivers[driver].model_copy(update={"risk": "cut_off"})
    changed = shipped.model_copy(update={"drivers": {**shipped.drivers, driver: risky}})
    assert driver in school.risky(changed, "LCK") and driver not in school.risky(shipped, "LCK")
    assert school.risky(changed, "LBL") <= {driver}
