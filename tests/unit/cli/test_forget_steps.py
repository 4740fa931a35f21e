"""`leeboard forget` broken off at every step, and after a real check of this very machine."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from leeboard.cli.forget import command
from leeboard.evidence.keeping.forgetting import named
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.notes import forgotten
from leeboard.evidence.store.store import Store
from leeboard.policy.load import load
from tests.unit.cli.forgetful import LEEBOARD, URN, contents, fill, forget, left
from tests.unit.estate.folders import add_estate, add_school
from tests.unit.playing import command as run_command


class Killed(BaseException):
    """As good as a power cut, for the steps after it."""


def _whole(folder: Path) -> dict[str, bytes]:
    """All that is there, but for what says when and with which salt, and the database's own files."""
    out = ("var/leeboard.db", f"var/evidence/{URN}/{forgotten.FILE}", f"var/evidence/{URN}/run.lock", "var/night.lock")
    return {name: text for name, text in contents(folder) if not name.startswith(out)}


def test_broken_off_at_any_step_it_ends_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    steps: Callable[..., Iterator[Callable[[], object]]] = command.steps
    fill(tmp_path / "pure")
    monkeypatch.chdir(tmp_path / "pure")
    assert forget() == 0
    wanted = _whole(tmp_path / "pure")
    names: list[str] = []
    for place in range(20):
        for after in (False, True):
            here = tmp_path / f"{place}-{after}"
            fill(here)
            monkeypatch.chdir(here)

            def dying(*given: Any, place: int = place, after: bool = after) -> Iterator[Callable[[], object]]:
                for number, step in enumerate(steps(*given)):
                    if number == place:
                        names.append(str(step))
                        if after:
                            step()
                        raise Killed
                    yield step

            monkeypatch.setattr(command, "steps", dying)
            try:
                forget()
                ended = True
            except Killed:
                ended = False
            monkeypatch.setattr(command, "steps", steps)
            # Meanwhile the night may come, and load what is there.
            with Store(here / "var" / "leeboard.db") as store:
                assert ingest(store, [here / "var" / "evidence"], load()).problems == []
            assert forget() == 0
            assert _whole(here) == wanted, (place, after)
            with Store(here / "var" / "leeboard.db") as store:
                assert [one.asset for one in named(store)] == ["A-10"]
            assert len(forgotten.read(URN, here / "var" / "evidence" / URN).entries) == 1
            shutil.rmtree(here)
        if ended:
            break
    assert len(names) == 2 * 7, names


def test_after_a_real_check_nothing_else_names_it(tmp_path: Path) -> None:
    """This very machine, checked under the device's name; then searched without our code."""
    (tmp_path / "la").mkdir()
    add_estate(tmp_path / "la", "vars: {ansible_connection: local, ansible_python_interpreter: /usr/bin/python3}\n")
    rows = "Q-7001,zz-lobby-kiosk,192.0.2.77,linux,desktop,office,,\nT-1,tablet-1,,other,portable,pupil_shared,,\n"
    add_school(tmp_path / "la" / "one", URN, rows=rows)
    check = (*LEEBOARD, "drift", "-i", "la", "--news", "var/news.txt", "--format", "json")
    first = run_command(tmp_path, *check)
    assert first.returncode in (2, 3), first.stderr
    names = ("Q-7001", "zz-lobby-kiosk", "192.0.2.77")
    named_in = left(tmp_path / "var", *names)
    assert {"drift.html", "news.txt.state.gz"} <= set(named_in) and any(".db" in name for name in named_in), named_in
    options = ("-i", "la", "--by", "Data protection officer", "--reason", "a request", "--yes")
    done = run_command(tmp_path, *LEEBOARD, "forget", "zz-lobby-kiosk", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [name for name in left(tmp_path, *names) if not name.endswith(".jsonl.xz")] == []
    second = run_command(tmp_path, *check)
    assert second.returncode == 0, second.stderr
    told = json.loads(second.stdout)
    assert (told["schools"][0]["devices_total"], told["problems"]) == (1, [])
    assert "0 devices came, 0 went" in (tmp_path / "var" / "news.txt").read_text()
    assert [name for name in left(tmp_path, *names) if not name.endswith(".jsonl.xz")] == []
