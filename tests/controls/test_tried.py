"""The committed list of what is tried is what is collected now, and by night every script is tried."""

from __future__ import annotations

from difflib import unified_diff

from . import tried
from .full_done import every_script, mended_apart


def test_nothing_drops_out_unseen() -> None:
    listed, found = tried.LIST.read_text(encoding="utf-8").splitlines(), tried.page().splitlines()
    differs = list(unified_diff(listed, found, "docs/proof/tried.txt", "what is collected", n=0, lineterm=""))
    assert not differs, "\n".join(["if this is meant, make tried:", *differs])


def test_by_night_every_script_is_tried_and_what_a_roll_out_mends_is_mended() -> None:
    done = tried.scripts().items()
    for word, wanted in (("full", every_script()), ("mends", [one for one in every_script() if mended_apart(one)])):
        found = sorted(script for (_machine, script), by in done if word in by)
        assert found == sorted(one.name for one in wanted)
