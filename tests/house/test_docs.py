"""Links in the documentation lead somewhere, and every module says what it does."""

from __future__ import annotations

import json
import re

import pytest

from tests.house import tree

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def _anchors(markdown: str) -> set[str]:
    """The names that headings get on GitHub, and those that stand there as such."""
    titles = re.findall(r"^#+ (.+)$", markdown, re.MULTILINE)
    named = {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}
    return named | set(re.findall(r'<a (?:id|name)="([^"]+)"', markdown))


@pytest.mark.parametrize("name", tree.select(".md"))
def test_links_lead_somewhere(name: str) -> None:
    found = []
    for number, line in enumerate(tree.text(name).splitlines(), 1):
        for link in LINK.findall(line):
            if re.match(r"[a-z]+:", link):
                continue
            path, _, anchor = link.partition("#")
            target = ((tree.ROOT / name).parent / path).resolve() if path else tree.ROOT / name
            if not target.exists():
                found.append(f"{name}:{number}: {link}: there is no such file")
            elif anchor and target.suffix == ".md" and anchor not in _anchors(target.read_text(encoding="utf-8")):
                found.append(f"{name}:{number}: {link}: there is no such heading")
    tree.none(found)


def test_modules_and_plugins_are_documented() -> None:
    """As Ansible sees it: ansible-doc reads each one, and each says what it returns and shows an example."""
    found = []
    for kind, folder in (
        ("module", "modules"),
        ("callback", "callback"),
        ("inventory", "inventory"),
        ("lookup", "lookup"),
        ("filter", "filter"),
    ):
        end = ".yml" if kind == "filter" else ".py"  # a file may hold several filters; each has its page beside it
        names = [
            f"leeboard.schools.{name.split('/')[-1].removesuffix(end)}"
            for name in tree.select(end, under=f"plugins/{folder}/")
            if name.count("/") == 2 and not name.endswith("__init__.py")
        ]
        if not names:
            continue
        done = tree.run("ansible-doc", "--json", "-t", kind, *names, ANSIBLE_CONFIG=str(tree.ROOT / "ansible.cfg"))
        assert done.returncode == 0, done.stdout
        docs = json.loads(done.stdout[done.stdout.index("{") :])
        for name in names:
            wanted = ("doc", "examples", "return") if kind == "module" else ("doc",)
            missing = [part for part in wanted if not (docs.get(name) or {}).get(part)]
            found += [f"plugins/{folder}/{name.split('.')[-1]}{end}: no {part}" for part in missing]
    tree.none(found)
