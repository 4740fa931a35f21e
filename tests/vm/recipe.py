"""Recipes: the data that says what an image of the lab consists of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .errors import LabError

RECIPES = Path(__file__).parent / "recipes"
_KEYS = {"name", "extends", "suite", "hostname", "memory_mb", "disk_mb", "packages", "encrypted"}
_OPTIONAL = {"extends", "encrypted"}


@dataclass(frozen=True)
class Recipe:
    """One image: Debian suite, packages (without recommended ones) and sizes in MiB.

    With `encrypted`, all but /boot lies in a LUKS volume, which opens by a passphrase (encrypt.py).
    """

    name: str
    suite: str
    hostname: str
    memory_mb: int
    disk_mb: int
    packages: tuple[str, ...]
    encrypted: bool = False


def recipe_names() -> tuple[str, ...]:
    """The names of all recipes."""
    return tuple(sorted(path.stem for path in RECIPES.glob("*.yml")))


def load_recipe(name: str) -> Recipe:
    """Read the recipe `name`; what it does not say comes from the recipe it extends."""
    data = _read(name)
    packages = list(data["packages"])
    seen = {name}
    while "extends" in data:
        parent = str(data.pop("extends"))
        if parent in seen:
            raise LabError(f"{RECIPES}/{name}.yml: recipes extend each other: {parent}")
        seen.add(parent)
        base = _read(parent)
        packages = [*base["packages"], *packages]
        data = {**base, **data}
    missing = sorted(_KEYS - _OPTIONAL - set(data))
    if missing:
        raise LabError(f"{RECIPES}/{name}.yml: {', '.join(missing)} missing: add it")
    return Recipe(
        name=name,
        suite=str(data["suite"]),
        hostname=str(data["hostname"]),
        memory_mb=int(data["memory_mb"]),
        disk_mb=int(data["disk_mb"]),
        packages=tuple(dict.fromkeys(str(package) for package in packages)),
        encrypted=data.get("encrypted", False) is True,
    )


def _read(name: str) -> dict[str, Any]:
    path = RECIPES / f"{name}.yml"
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(recipe_names())
        raise LabError(f"{path}: no such recipe: choose one of {known}, or write it") from None
    if not isinstance(data, dict) or not isinstance(data.get("packages"), list):
        raise LabError(f"{path}: a recipe is a mapping with a list `packages`")
    unknown = sorted(set(data) - _KEYS)
    if unknown or data.get("name") != name:
        raise LabError(f"{path}: unknown keys {unknown} or a name other than {name!r}: correct it")
    return data
