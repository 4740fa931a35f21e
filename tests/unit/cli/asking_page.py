"""The output in docs/asking.md: five invented nights of the example's primary school, asked as the page says.

`python -m tests.unit.cli.asking_page` writes it anew. Nobody visits these devices; what they answer is put together as
in tests/unit/report/example.py, and goes the way of every evidence.
"""

from __future__ import annotations

import io
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import typer
from rich.console import Console

from leeboard.ansible import inventory
from leeboard.cli.asking import evidence, history, kept, standards, status, what_if
from leeboard.cli.main import app
from leeboard.evidence.bundles.schema import School
from leeboard.evidence.bundles.writer import Origin, SchoolLock, Writer
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.store.store import Store
from leeboard.model.run_id import stamp
from leeboard.policy.load import load
from leeboard.version import __version__
from tests.unit.report import example

PAGE = example.ROOT / "docs" / "asking.md"
BLOCK = re.compile(r"(```console\n\$ leeboard (?P<words>[^\n]*)\n)(?P<output>.*?)(```\n)", re.DOTALL)
HASH = re.compile(r"[0-9a-f]{64}")
WIDTH = 118
BEGAN = datetime(2026, 11, 27, 2, 10, tzinfo=UTC)
AT = datetime(2026, 12, 1, 8, 30, tzinfo=UTC)
DAY = timedelta(days=1)
IDLE, FAILLOCK, NOTICE = example.LIKE["EP-0001"]
# Night by night: the action, and by device the cases that it is like; who is not named did not answer.
NIGHTS = (
    ("check", {"EP-0001": (FAILLOCK, NOTICE), "EP-0002": example.LIKE["EP-0002"]}),
    ("check", {"EP-0001": example.LIKE["EP-0001"], "EP-0002": example.LIKE["EP-0002"]}),
    ("check", {"EP-0001": example.LIKE["EP-0001"]}),
    ("enforce", {"EP-0001": (IDLE, FAILLOCK), "EP-0002": example.LIKE["EP-0002"][:1]}),
    ("check", {"EP-0001": (IDLE, FAILLOCK), "EP-0002": example.LIKE["EP-0002"][:1]}),
)


def record(var: Path) -> None:
    """File the nights and load them."""
    baseline = load()
    devices = inventory.read(example.SCHOOL / "school.yml", tuple(baseline.parameters)).devices
    for night, (action, answers) in enumerate(NIGHTS):
        at = BEGAN + night * DAY
        run = f"{at:%Y%m%dT%H%M%SZ}-1a2b3c4d"
        lock = SchoolLock(var / "evidence", devices[0].urn, run)
        origin = Origin(__version__, action, baseline.digest, "0" * 64)
        writer = Writer(lock, run, School(urn=devices[0].urn, name=devices[0].school), origin, devices)
        for device in (one for one in devices if one.platform != "other"):
            line = {"asset": device.asset, "name": device.name, "at": stamp(at + timedelta(seconds=41)), "message": ""}
            if device.asset in answers:
                said = example.answer(device, answers[device.asset])
                said["observed_at"] = line["at"]
                writer.device({**line, "outcome": "observed", "observation": said})
            else:
                message = "no answer within 10 seconds; is it switched on?"
                writer.device({**line, "outcome": "unreachable", "message": message})
        writer.close(at + timedelta(minutes=1))
    with Store(var / "leeboard.db") as store:
        done = ingest(store, [var / "evidence"], baseline)
    if done.problems:
        raise RuntimeError(done.problems[0])


def ask(words: str) -> str:
    """What a command prints, at AT, in a folder that has the nights in var."""
    stream = io.StringIO()

    def console() -> Console:
        return Console(file=stream, width=WIDTH)

    modules = (evidence, history, standards, status, what_if)
    with patch.object(kept, "now", lambda: AT), patch.object(sys, "stdout", stream):
        patches = [patch.object(module, "stdout_console", console) for module in modules]
        for one in patches:
            one.start()
        try:
            typer.main.get_command(app).main(words.split(), prog_name="leeboard", standalone_mode=False)
        finally:
            for one in patches:
                one.stop()
    return stream.getvalue()


@contextmanager
def recorded() -> Iterator[None]:
    """Be in a folder in which the nights are kept, with the example estate beside them."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="leeboard-asking-") as folder:
        record(Path(folder, "var"))
        Path(folder, "inventories").symlink_to(example.ROOT / "inventories")
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


def filled(page: str) -> str:
    """The page with the output that its commands have now; hashes, which are others each time, stay as they are."""

    def output(match: re.Match[str]) -> str:
        said = ask(match["words"])
        old = HASH.findall(match["output"])
        for new, kept_hash in zip(HASH.findall(said), old, strict=False):
            said = said.replace(new, kept_hash)
        return f"{match[1]}{said}{match[4]}"

    with recorded():
        return BLOCK.sub(output, page)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text("utf-8")), "utf-8")
    print(PAGE.relative_to(example.ROOT))
