"""What the documentation names is there: paths, make targets, commands and options, and every page in the index.

Decisions, the list of changes and the full proof are left out: they say what was so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import typer
import yaml

from leeboard.cli.main import app
from tests.house import tree

PAGES = [
    name
    for name in tree.select(".md")
    if name != "CHANGELOG.md" and not name.startswith(("docs/decisions/00", "docs/proof/"))
]
# Where paths of ours begin. Inventories are the reader's own.
TOPS = {name.split("/")[0] for name in tree.files() if "/" in name} - {"inventories"}
# In the documentation of others, or made on the reader's machine.
ELSEWHERE = {"plugins/connection/winrm.py", "meta/powershell_signatures.psd1", "transport.py"}
PLACE = re.compile(r"(?<![A-Z])(?:NAME|MODULE|FAMILY|ID)|<[a-zA-Z]+>")  # what a reader fills in
PATH = re.compile(r"[\w.-]+(?:/[\w.*-]+)*/?")
LINK = re.compile(r"\]\(([^)#\s]+\.md)\)")


def shown(text: str) -> Iterator[tuple[int, str]]:
    """What stands in strokes, and each line of what stands apart, with its line; broken lines are put together."""
    apart, waiting = False, ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            apart = not apart
        elif apart:
            waiting += line.strip().removesuffix("\\")
            if not line.endswith("\\"):
                yield number, waiting
                waiting = ""
        else:
            yield from ((number, found) for found in re.findall(r"`([^`]+)`", line))


def wrong(words: str) -> str:
    """What of these words is not there; empty where nothing is wrong, or they are about something else."""
    program, *arguments = words.partition(" #")[0].split() or [""]
    if program == "make":
        targets = re.findall(r"^([a-z-]+):", tree.text("Makefile"), re.MULTILINE)
        return "" if not arguments or arguments[0] in targets else "no such target"
    if program == "leeboard":
        return command_is_wrong(arguments)
    path = PLACE.sub("*", words)
    if words in ELSEWHERE or not PATH.fullmatch(path):
        return ""
    if path.split("/")[0] in TOPS and "/" in path:
        return "" if any(tree.ROOT.glob(path.rstrip("/"))) else "no such path"
    if re.fullmatch(r"\w+\.(py|sh|psm1)", path):
        return "" if path in names() else "no file of that name"
    return ""


def command_is_wrong(words: list[str]) -> str:
    """The command or the option that `leeboard` does not have."""
    found: Any = typer.main.get_command(app)
    while hasattr(found, "commands") and words and re.fullmatch(r"[a-z]+(-[a-z]+)*", words[0]):
        if words[0] not in found.commands:
            return f"no command {words[0]}"
        found, words = found.commands[words[0]], words[1:]
    options = {option for one in found.params for option in (*one.opts, *one.secondary_opts)} | {"--help"}
    asked = [word.split("=")[0] for word in words if re.match(r"--[a-z]|-[a-z]$", word)]
    return "; ".join(f"no option {option}" for option in asked if option not in options)


@cache
def names() -> set[str]:
    return {name.rpartition("/")[2] for name in tree.files()}


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_names_is_there(page: str) -> None:
    tree.none(f"{page}:{number}: {said}: {why}" for number, said in shown(tree.text(page)) if (why := wrong(said)))


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("make tea", "no such target"),
        ("make test TESTS='tests/unit'", ""),
        ("leeboard escrow bury", "no command bury"),
        ("leeboard drift --softly -i x", "no option --softly"),
        ("leeboard escrow list --format json", ""),
        ("leeboard/nowhere/", "no such path"),
        ("plugins/module_utils/_linux/NAME.py", ""),
        ("tests/controls/<ID>/cases.yml", ""),
        ("tests/controls/<ID>/case.yml", "no such path"),
        ("nobody.py", "no file of that name"),
        ("/etc/issue", ""),
    ],
)
def test_a_slip_is_found(words: str, why: str) -> None:
    assert wrong(words) == why


def test_a_line_that_is_broken_is_read_whole() -> None:
    text = "a `one` b `two`\n```\nleeboard drift \\\n  --softly\n```\n"
    assert list(shown(text)) == [(1, "one"), (1, "two"), (4, "leeboard drift --softly")]


def test_the_index_names_every_page_and_no_other() -> None:
    """Of docs/README.md and of the decisions' own: the menu of the site is made from them."""
    listed = {"docs/README.md"}
    for page in ("docs/README.md", "docs/decisions/README.md"):
        folder = (tree.ROOT / page).parent
        links = [(folder / link).resolve().relative_to(tree.ROOT).as_posix() for link in LINK.findall(tree.text(page))]
        assert len(links) == len(set(links)), f"{page} names a page twice"
        listed |= set(links)
    assert sorted(listed) == tree.select(".md")


def test_the_architecture_names_every_folder_of_code() -> None:
    text = tree.text("docs/architecture.md") + tree.text("docs/images/architecture.svg")
    folders = {"/".join(name.split("/")[:2]) for name in tree.select(".py") if name.count("/") > 1}
    ours = sorted(one for one in folders if one.startswith(("leeboard/", "plugins/")))
    assert len(ours) > 15
    tree.none(f"docs/architecture.md: {folder}/ is not in it" for folder in ours if f"{folder}/" not in text)
    drawn = re.findall(r">([a-z_]+/[a-z_]*/?)<", tree.text("docs/images/architecture.svg"))
    assert {"leeboard/verdict/", "plugins/callback/"} <= set(drawn)
    tree.none(f"docs/images/architecture.svg: {one}" for one in drawn if not one.startswith("var/") and wrong(one))


def test_each_fragment_of_the_changes_stands_in_the_list() -> None:
    """As `make changes` writes it; `make docs` compares the whole file."""
    sections = {name for name, _title in yaml.safe_load(tree.text("changelogs/config.yaml"))["sections"]}
    written = _words(tree.text("CHANGELOG.md"))
    missing = []
    for name in tree.select(".yml", under="changelogs/fragments/"):
        for section, said in yaml.safe_load(tree.text(name)).items():
            assert section in sections | {"release_summary", "trivial"}, f"{name}: {section}"
            texts = [] if section == "trivial" else [said] if isinstance(said, str) else said
            missing += [f"{name}: {text[:80]}" for text in texts if _words(text) not in written]
    tree.none(missing, "CHANGELOG.md is older than its fragments: make changes")


def _words(text: str) -> str:
    """Text without the marks by which Markdown and reStructuredText differ."""
    text = re.sub(r"`([^`<]+) <([^>]+)>`__", r"\1 \2", text)
    return re.sub(r"[\s`*\\\[\]()]+", "", text)
