"""`leeboard standards`: whose numbers it has, whom it speaks of, and what it refuses."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from leeboard.cli.asking import kept
from leeboard.cli.main import app
from leeboard.errors import LeeboardError
from tests.unit.cli import asking_page
from tests.unit.report import example

EXAMPLE = str(example.ROOT / "inventories" / "example")
Ask = Callable[..., str]


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five invented nights of the example's primary school."""
    folder = tmp_path_factory.mktemp("var")
    asking_page.record(folder)
    return folder


@pytest.fixture
def ask(var: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Runs the command on the morning after; what it printed."""

    def run(*words: str) -> str:
        stream = io.StringIO()
        monkeypatch.setattr(kept, "now", lambda: asking_page.AT)
        monkeypatch.setattr(sys, "stdout", stream)
        argv = ["standards", *words, "--var", str(var)]
        assert not typer.main.get_command(app).main(argv, prog_name="leeboard", standalone_mode=False), "ends with 0"
        return stream.getvalue()

    return run


def test_its_numbers_are_the_stores(ask: Ask) -> None:
    data = json.loads(ask("dfe-cyber", "example-primary", "-i", EXAMPLE, "--json"))
    (standard,) = data["standards"]
    asked = {question["id"]: question for question in standard["questions"]}
    # LCK-05 drifted on EP-0001; EP-0003 is of a kind that is never checked, EP-0004 was never seen.
    assert asked["guessing"]["devices"] == {"of": 4, "yes": 1, "no": 1, "accepted": 0, "unknown": 2}
    assert asked["second-factor"]["schools"] == {"of": 1, "yes": 0, "no": 1, "accepted": 0, "unknown": 0}
    assert asked["backups"]["devices"] is None and asked["backups"]["cannot"]
    assert (data["schema"], data["at"], data["about"]) == (1, "2026-12-01T08:30:00Z", "Example Primary School (900001)")


def test_one_word_is_a_standard_or_a_school(ask: Ask) -> None:
    assert [one["id"] for one in json.loads(ask("--json"))["standards"]] == [
        "becta-2008",
        "cyber-essentials",
        "dfe-cyber",
    ]
    of_school = json.loads(ask("900001", "--json"))
    assert len(of_school["standards"]) == 3 and of_school["about"].endswith("(900001)")
    assert [one["id"] for one in json.loads(ask("becta-2008", "--json"))["standards"]] == ["becta-2008"]


def test_nothing_of_another_school_is_in_it(ask: Ask) -> None:
    said = ask("dfe-cyber", "900002", "-i", EXAMPLE)
    assert "Example Primary" not in said and "of 4 devices" not in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("iso-27001", "900001"), "there is no such standard; there are becta-2008, cyber-essentials, dfe-cyber"),
        (("dfe-cyber", "EP-0001"), "standards are asked of schools; leeboard status says how a device stands"),
        (("nobody",), "there is no such school or device"),
    ],
)
def test_what_it_refuses(ask: Ask, words: tuple[str, ...], message: str) -> None:
    with pytest.raises(LeeboardError, match=message):
        ask(*words)
