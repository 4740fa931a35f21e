"""The published JSON schemas of a baseline's files, made from the models: editors complete and check with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from leeboard.policy.draft import FAMILY, TABLES

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FOLDER = Path(__file__).parent.parent / "baselines" / "schema"
TITLES = {
    "family": "Leeboard: a family of controls",
    "drivers": "Leeboard: drivers",
    "facts": "Leeboard: facts that devices give",
    "frameworks": "Leeboard: frameworks that references name",
    "levels": "Leeboard: levels",
    "parameters": "Leeboard: what a school may say in its own words",
    "standards": "Leeboard: what others ask of schools, question by question",
    "vpn": "Leeboard: the VPN of each level",
}


def schemas() -> dict[str, str]:
    """File name and text of every schema."""
    adapters = {"family": FAMILY, **{name.removesuffix(".yml"): adapter for name, adapter in TABLES.items()}}
    files = {}
    for name, adapter in adapters.items():
        schema: dict[str, Any] = {"$schema": DIALECT, **adapter.json_schema(), "title": TITLES[name]}
        files[f"{name}.json"] = json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    return files


def stale(folder: Path = FOLDER) -> list[str]:
    """One line for each schema in `folder` that is not what the models say now."""
    wanted = schemas()
    problems = []
    for name in sorted(wanted.keys() | _present(folder).keys()):
        path = folder / name
        if name not in wanted:
            problems.append(f"{path}: belongs to no file of a baseline; remove it")
        elif not path.is_file():
            problems.append(f"{path}: is missing; run leeboard baseline schema --write")
        elif path.read_text(encoding="utf-8") != wanted[name]:
            problems.append(f"{path}: is older than the models; run leeboard baseline schema --write")
    return problems


def write(folder: Path = FOLDER) -> list[Path]:
    """Write every schema into `folder`. Returns the files that changed; one of no use any more is removed."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = schemas()
    changed = []
    for name, path in _present(folder).items():
        if name not in wanted:
            path.unlink()
            changed.append(path)
    for name, text in wanted.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed


def _present(folder: Path) -> Mapping[str, Path]:
    return {path.name: path for path in sorted(folder.glob("*.json"))}
