"""The device code's own tests (pester/*.Tests.ps1), on Linux and on a Windows machine.

All files of one platform run in one process, since a start takes seconds; each is a test here. A file whose first line
says `# platforms: windows` (or linux) runs there only; the others run on Linux as well by night, where a mistake in how
Wine stands in for Windows would show.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from . import base
from .machine import WindowsMachine, windows_path
from .requirements import need_machine, need_powershell

_HERE = Path(__file__).parent
_RUNNER = _HERE / "pester.ps1"
_LONGEST = 1500  # seconds for all files on one platform; a busy machine needs some of them
PLATFORMS = ("linux", "windows")


def _platforms(file: Path) -> tuple[str, ...]:
    named = re.match(r"# platforms: (\w+)", file.read_text(encoding="utf-8"))
    return (named[1],) if named else PLATFORMS


_FILES = sorted((_HERE / "pester").glob("*.Tests.ps1"))
_CASES = [
    pytest.param(
        file, name, id=f"{file.name[:-10]}-{name}",
        marks=[pytest.mark.full] if name == "linux" and "windows" in _platforms(file) else [],
    )
    for file in _FILES
    for name in _platforms(file)
]  # fmt: skip


@pytest.fixture(scope="session")
def outcome(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path, str], Any]:
    """What came of a file on a platform; the first question runs all files that this session asks for there."""
    asked = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]

    @cache
    def outcomes(platform: str) -> dict[str, Any]:
        files = [one["file"] for one in asked if one.get("platform") == platform and "file" in one]
        result = tmp_path_factory.mktemp("pester") / f"{platform}.json"
        return run(platform, files, result)

    return lambda file, platform: outcomes(platform).get(file.name)


def run(platform: str, files: list[Path], result: Path) -> dict[str, Any]:
    """The outcome of each file, by its name."""
    if platform == "linux":
        need_powershell()
        said = _pwsh("pwsh", str, files, result, dict(os.environ))
    else:
        need_machine()
        machine = WindowsMachine("PESTER", code=None)
        try:
            said = _pwsh("wine-pwsh", windows_path, files, result, base.environment(machine.prefix))
        finally:
            machine.close()
    assert result.exists(), f"Pester wrote no result: {said}"
    return {one["file"]: one for one in json.loads(result.read_text(encoding="utf-8"))}


def _pwsh(
    program: str, path: Callable[[Path], str], files: list[Path], result: Path, environment: dict[str, str]
) -> str:
    names = ";".join(map(path, files))
    done = subprocess.run(
        [program, "-NoProfile", "-NonInteractive", "-File", path(_RUNNER), "-Files", names, "-Result", path(result)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=_LONGEST,
    )
    return done.stdout.decode("utf-8", "replace")[-4000:]


def judge(found: dict[str, Any] | None) -> str | None:
    """Why an outcome is a failure, in Pester's own words; None if it is none."""
    if found is None:
        return "Pester did not run this file"
    if found["failed"] or found["words"]:
        return "\n\n".join([f"{found['passed']} passed, {found['failed']} failed", *found["words"]])
    if not found["passed"]:
        return f"no test ran: {found['skipped']} were skipped"
    return None


@pytest.mark.parametrize(("file", "platform"), _CASES)
def test_pester(outcome: Callable[[Path, str], Any], file: Path, platform: str) -> None:
    if problem := judge(outcome(file, platform)):
        pytest.fail(problem, pytrace=False)


BAD = "Describe 'numbers' { It 'adds' { 1 + 1 | Should -Be 2 }; It 'fails' { 1 | Should -Be 2 } }"
BROKEN = "Describe 'numbers' { BeforeAll { throw 'no such file' }; It 'adds' { 1 | Should -Be 1 } }"
EMPTY = "Describe 'numbers' { It 'is skipped' -Skip { 1 | Should -Be 1 } }"
GOOD = "Describe 'numbers' { It 'adds' { 1 + 1 | Should -Be 2 } }"


def test_failures_are_seen(tmp_path: Path) -> None:
    """The runner itself: a failure, a broken block, a syntax error and a file without tests all count."""
    texts = {
        "bad": BAD,
        "broken": BROKEN,
        "empty": EMPTY,
        "good": GOOD,
        "none": "# nothing",
        "syntax": "Describe 'x' {",
    }
    files = []
    for name, text in texts.items():
        files.append(tmp_path / f"{name}.Tests.ps1")
        files[-1].write_text(text, encoding="utf-8")
    found = run("linux", files, tmp_path / "result.json")
    said = {name: judge(found.get(f"{name}.Tests.ps1")) for name in texts}
    assert said.pop("good") is None
    assert "numbers.fails" in said["bad"] and "Expected 2, but got 1" in said["bad"]
    assert "no such file" in said["broken"]
    assert said["empty"] == "no test ran: 1 were skipped"
    assert "no test ran" in said["none"]
    assert "Missing closing '}'" in said["syntax"]
