"""Roles say what they take and what it is by default, in one way in all three places."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.house import tree

ROLES = sorted({name.split("/")[1] for name in tree.files() if name.startswith("roles/")})
SECTIONS = ["What it changes", "Variables", "Example"]


def _load(name: str) -> dict[str, Any]:
    return (yaml.safe_load(tree.text(name)) if name in tree.files() else None) or {}


def _options(role: str) -> dict[str, Any]:
    return _load(f"roles/{role}/meta/argument_specs.yml")["argument_specs"]["main"].get("options", {})


@pytest.mark.parametrize("role", ROLES)
def test_defaults_are_what_the_argument_specs_say(role: str) -> None:
    said = {name: option["default"] for name, option in _options(role).items() if "default" in option}
    assert _load(f"roles/{role}/defaults/main.yml") == said, f"roles/{role}/defaults/main.yml, meta/argument_specs.yml"


@pytest.mark.parametrize("role", ROLES)
def test_variables_carry_the_roles_name(role: str) -> None:
    assert [name for name in _options(role) if not name.startswith(f"{role}_")] == []


def test_each_role_has_a_molecule_scenario() -> None:
    """Run by tests/vm/test_molecule.py; each plays its own role, and is a device of its own."""
    folder = "extensions/molecule"
    played = {
        role: f"leeboard.schools.{role}" in tree.text(f"{folder}/{role}/converge.yml")
        for role in ROLES
        if f"{folder}/{role}/molecule.yml" in tree.files()
    }
    assert played == dict.fromkeys(ROLES, True), f"{folder}/<role>/converge.yml"


@pytest.mark.parametrize("role", ROLES)
def test_role_is_documented(role: str) -> None:
    spec = _load(f"roles/{role}/meta/argument_specs.yml")["argument_specs"]["main"]
    assert spec.get("short_description") and spec.get("description"), f"roles/{role}/meta/argument_specs.yml"
    readme = tree.text(f"roles/{role}/README.md")
    assert [title for title in SECTIONS if f"\n## {title}\n" not in readme] == [], f"roles/{role}/README.md"
    assert [name for name in _options(role) if f"`{name}`" not in readme] == [], f"roles/{role}/README.md"
