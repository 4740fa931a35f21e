"""A small estate with evidence, database, pins, page and news, for the tests of `leeboard forget`."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from leeboard.cli.forget import command
from leeboard.evidence.bundles import chain
from leeboard.evidence.bundles.files import unpacked
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.notes import member_salt, pins
from leeboard.evidence.store.store import Store
from leeboard.model.identity import Sighting
from leeboard.policy.load import load
from tests.unit.estate.folders import add_estate, add_school
from tests.unit.evidence.estate import expected, observation, run_id, write

URN, OTHER = "900001", "900002"
SERIAL, ADDRESS = "PF1ABCDE", "192.0.2.77"
LEEBOARD = (sys.executable, "-c", "from leeboard.cli.main import main; main()")
ROWS = (
    f"A-1,lobby-kiosk,{ADDRESS},linux,desktop,office,,{SERIAL}\n"
    "A-10,office-10,192.0.2.10,linux,desktop,office,,PF9ABCDE\n"
)


def devices(urn: str = URN) -> list[Any]:
    both = (("A-1", "lobby-kiosk", SERIAL), ("A-10", "office-10", "PF9ABCDE"))
    return [expected(asset, name=f"{host}.{urn}", urn=urn, serial=serial) for asset, host, serial in both]


def fill(folder: Path) -> None:
    """An estate of two schools, three nights of evidence of the first, loaded, with pins and a state of the news."""
    (folder / "la").mkdir(parents=True)
    add_estate(folder / "la")
    add_school(folder / "la" / "one", URN, rows=ROWS)
    add_school(folder / "la" / "two", OTHER, rows="B-7,other-7,,linux,desktop,office,,\n")
    evidence = folder / "var" / "evidence"
    evidence.mkdir(parents=True)
    # So that two of them are the same.
    (evidence / chain.WRITER).write_text(json.dumps({"writer": "5a" * 16}))
    (evidence / URN).mkdir(mode=0o700)
    (evidence / URN / member_salt.FILE).write_text(json.dumps({"salt": "5a" * 32}))
    for night in range(3):
        said = {"A-1": observation(), "A-10": observation(serial="PF9ABCDE")}
        write(evidence, run_id(night), devices(), said, urn=URN)
    seen = {"A-1": pins.Pin(Sighting(SERIAL, None, "a1" * 16, "Debian"), "x", "x")}
    seen["A-10"] = pins.Pin(Sighting("PF9ABCDE", None, None, "Debian"), "x", "x")
    pins._write(evidence / URN / "pins.json", seen)
    with Store(folder / "var" / "leeboard.db") as store:
        assert ingest(store, [evidence], load()).problems == []
    (folder / "var" / "drift.html").write_text(f"<td>lobby-kiosk.{URN}</td>")
    (folder / "var" / "news.txt").write_text("new: A-1 LCK-01\n")
    state = {
        "schema": 1,
        "at": "2026-11-02T02:10:00+00:00",
        "wrong": [[URN, "A-1", "LCK-01", "drifted"], [URN, "A-10", "LCK-01", "drifted"]],
        "devices": [[URN, "A-1"], [URN, "A-10"]],
    }
    (folder / "var" / "news.txt.state.gz").write_bytes(gzip.compress(json.dumps(state).encode()))


def forget(device: str = "A-1", source: str = "la", **more: Any) -> int:
    given: dict[str, Any] = {"by": "Data protection officer", "reason": "a request of 20 November", "yes": True}
    return command.forget(device, Path(source), **{**given, **more})


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        with path.open("rb") as file:
            yield str(path.relative_to(folder)), b"".join(unpacked(file, path.name))


def left(folder: Path, *words: str) -> list[str]:
    """The files in which a word still stands, found without our code (A-1 is in A-10)."""
    found = []
    for name, content in contents(folder):
        text = content.decode(errors="replace").replace("A-10", "").casefold()
        if any(word.casefold() in text for word in words):
            found.append(name)
    return found


NAMES = ("A-1", "lobby-kiosk", SERIAL, ADDRESS)
