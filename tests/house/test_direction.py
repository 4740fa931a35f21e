"""The brain has one direction: each package of `leeboard/` imports only from those before it, and no file in a circle.

Every import counts, also one inside a function or for types only.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from . import tree
from .arrows import Arrows, circle, imports

# From the bottom up; of escrow and evidence their rooms. Beside the packages lie files that import nothing of ours:
# errors.py and version.py.
ORDER = (
    *("model", "storage", "policy", "estate", "verdict", "planning"),
    *("escrow.keys", "escrow.vault", "escrow.disks", "escrow.volumes", "authority"),
    *("evidence.notes", "evidence.bundles", "evidence.store", "evidence.recording", "evidence.loading"),
    *("evidence.keeping", "evidence", "evidence.asking", "report", "notify", "ansible", "example", "cli"),
)
PACKAGE = "leeboard"


def test_each_package_imports_only_from_those_before_it() -> None:
    found = imports(tree.ROOT, PACKAGE)
    assert {package(module) for module in found} == {"", *ORDER}
    tree.none(backward(found), "these imports lead back; what both need moves down, to model or storage")


def test_no_file_imports_itself_by_way_of_others() -> None:
    assert circle(imports(tree.ROOT, PACKAGE)) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("from leeboard.policy import load", "leeboard.policy.load"),
        ("from leeboard.policy.load import load", "leeboard.policy.load"),
        ("import leeboard.policy.load", "leeboard.policy.load"),
        ("from ..policy import load", "leeboard.policy.load"),
        ("def f():\n    from leeboard.policy import load", "leeboard.policy.load"),
        ("if TYPE_CHECKING:\n    from leeboard.policy.load import Baseline", "leeboard.policy.load"),
        ('importlib.import_module("leeboard.policy.load")', "leeboard.policy.load"),
    ],
)
def test_an_import_that_leads_back_is_found(tmp_path: Path, text: str, said: str) -> None:
    for name, content in {"model/new.py": text, "policy/load.py": "from leeboard.model import new"}.items():
        (tmp_path / PACKAGE / name).parent.mkdir(parents=True)
        (tmp_path / PACKAGE / name).write_text(content)
        (tmp_path / PACKAGE / name).with_name("__init__.py").write_text("")
    found = imports(tmp_path, PACKAGE)
    assert list(backward(found)) == [f"leeboard.model.new: {said}"]
    assert {*circle(found)} == {"leeboard.model.new", "leeboard.policy.load"}


def package(module: str) -> str:
    """The package or room that a module lies in; empty for what lies beside them."""
    parts = module.split(".")[1:]
    return next((one for one in (".".join(parts[:2]), *parts[:1]) if one in ORDER), "")


def backward(found: Arrows) -> Iterator[str]:
    """Each import that does not lead down."""
    places = {name: place for place, name in enumerate(("", *ORDER))}
    for module, targets in found.items():
        mine = package(module)
        for target in sorted(targets):
            if package(target) != mine and places[package(target)] > places[mine]:
                yield f"{module}: {target}"
