"""PowerShell without what does not count: what is left is the same program, by PowerShell's own parser."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.controls.covered import ROOT, covered
from tests.windows.requirements import need_powershell

from .powershell import Scripts, stripped

TOKENS = """
$ErrorActionPreference = 'Stop'
$found = foreach ($text in @([Console]::In.ReadToEnd() | ConvertFrom-Json)) {
    $tokens = $errors = $null
    [void][System.Management.Automation.Language.Parser]::ParseInput($text, [ref]$tokens, [ref]$errors)
    $said = foreach ($token in $tokens) {
        if ($token.Kind -notin 'Comment', 'NewLine') { "$($token.Kind) $($token.Text)" }
    }
    , @(@($errors).Length, ($said -join "`n"))
}
ConvertTo-Json -InputObject @($found) -Depth 4 -Compress
"""
# A text, and what is left of it.
TEXTS = [
    ("# a\n\n  # b\nGet-A # c\n", "Get-A # c"),
    ("<#\n.SYNOPSIS\n#>\nGet-A <# c #> -B\n", "Get-A <# c #> -B"),
    ("$a = @'\n# no comment\n\n<# nor this\n'@\n# one\n", "$a = @'\n# no comment\n\n<# nor this\n'@"),
    ('$a = @"\n# no comment\n\n"@\n\n\n$b\n', '$a = @"\n# no comment\n\n"@\n$b'),
    ("$a = 'one\n# two\n\nthree'\n", "$a = 'one\n# two\n\nthree'"),
    ('$a = "it`"s\n# two"\n# don\'t\n$b = 1\n', '$a = "it`"s\n# two"\n$b = 1'),
    ("$a = 1 # it's\n# it's\n$b = 'x # y'\n", "$a = 1 # it's\n$b = 'x # y'"),
    ("$a = \"$('#')\"\n# c\n$b#c\n", "$a = \"$('#')\"\n$b#c"),
    ("Get-A `\n    -B\n# c\n", "Get-A `\n    -B"),
    ("function F {\n    # c\n\n    1\n}\n", "function F {\n    1\n}"),
]


@pytest.mark.parametrize(("text", "left"), TEXTS)
def test_comments_that_begin_lines_and_blank_lines_go(text: str, left: str) -> None:
    assert stripped(text) == left


@pytest.mark.windows
def test_what_is_left_is_the_same_program() -> None:
    need_powershell()
    files = [name for name in {**covered().texts.code, **covered().texts.whole} if name.endswith((".ps1", ".psm1"))]
    texts = [*(Path(ROOT, name).read_text(encoding="utf-8-sig") for name in files), *(text for text, _left in TEXTS)]
    assert len(files) > 200
    given = json.dumps([*texts, *map(stripped, texts)])
    done = subprocess.run(
        ["pwsh", "-NoProfile", "-Command", TOKENS], input=given, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    whole, left = said[: len(texts)], said[len(texts) :]
    names = [*files, *(f"text {number}" for number in range(len(TEXTS)))]
    assert [name for name, one, other in zip(names, whole, left, strict=True) if one != other or one[0]] == []


WINDOWS = "plugins/module_utils/_windows"
FILES = {
    f"{WINDOWS}/Table.psm1": b"""
$script:Drivers = @{
    one = 'Read-One'
    two = 'Read-Two'
}
function Get-All { foreach ($name in $script:Drivers.Values) { & $name } }
Export-ModuleMember -Function Get-All
""",
    f"{WINDOWS}/One.psm1": b"""
function Read-One { Get-Ground }
Export-ModuleMember -Function Read-One,
    Set-One
""",
    f"{WINDOWS}/Two.psm1": b"""
function Read-Two { 2 }
Export-ModuleMember -Function Read-Two
""",
    f"{WINDOWS}/Room/Ground.psm1": b"""
function Get-Ground { 1 }
Export-ModuleMember -Function Get-Ground
""",
    "plugins/modules/win_one.ps1": b"""#!powershell
#AnsibleRequires -PowerShell ..module_utils._windows.One
#AnsibleRequires -PowerShell ansible_collections.leeboard.schools.plugins.module_utils._windows.Room.Ground
Get-Ground
""",
}


def names(paths: list[str]) -> set[str]:
    return {Path(path).stem for path in paths}


def test_a_file_uses_those_that_export_what_it_names() -> None:
    scripts = Scripts(FILES)
    assert names(scripts.reach("get-all", ["one"])) == {"Table", "One", "Ground"}
    assert names(scripts.reach("Get-All", ["two"])) == {"Table", "Two"}
    assert names(scripts.reach("Set-One", [])) == {"One", "Ground"}
    assert scripts.reach("Get-Nothing", ["one"]) == []


def digests(files: dict[str, bytes], drivers: list[str] | None = None) -> list[str]:
    scripts = Scripts(files)
    paths = list(files) if drivers is None else scripts.reach("Get-All", drivers)
    return sorted(said for _path, said in scripts.digests(paths, drivers))


@pytest.mark.parametrize(
    ("old", "new", "one_is_other", "all_is_other"),
    [
        ("Get-Ground { 1 }", "Get-Ground { 2 }", True, True),
        ("Read-Two { 2 }", "Read-Two { 3 }", False, True),
        ("    two = 'Read-Two'\n", "", False, True),
        ("#!powershell\n", "# another comment\n\n", False, False),
        ("#AnsibleRequires -PowerShell ..module_utils._windows.One\n", "", False, True),
    ],
)
def test_what_makes_it_another(old: str, new: str, one_is_other: bool, all_is_other: bool) -> None:
    changed = {path: text.replace(old.encode(), new.encode()) for path, text in FILES.items()}
    assert changed != FILES
    assert (digests(changed, ["one"]) != digests(FILES, ["one"])) is one_is_other
    assert (digests(changed) != digests(FILES)) is all_is_other
