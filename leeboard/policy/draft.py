"""A baseline as far as it could be read: every part that has the right shape, and a problem for each that has not.

The loader wants no problem at all; the linter goes on with what is there, so that one slip hides no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path as FilePath
from typing import Annotated, Any

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from leeboard.errors import LeeboardError
from leeboard.model.enums import Level
from leeboard.policy.model import (
    Control,
    Driver,
    Fact,
    Family,
    LevelDefinition,
    ParameterDefinition,
    Setting,
)
from leeboard.policy.source import Document, Path, Problem, document
from leeboard.policy.standards import Framework, Standard
from leeboard.policy.vpn_model import VpnDefinition

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
ShortName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
# The files of a baseline beside controls/, and what each holds.
TABLES: dict[str, TypeAdapter[Any]] = {
    "drivers.yml": TypeAdapter(dict[Name, Driver]),
    "facts.yml": TypeAdapter(dict[Name, Fact]),
    "frameworks.yml": TypeAdapter(dict[ShortName, Framework]),
    "levels.yml": TypeAdapter(dict[Level, LevelDefinition]),
    "parameters.yml": TypeAdapter(dict[Name, ParameterDefinition]),
    "standards.yml": TypeAdapter(dict[ShortName, Standard]),
    "vpn.yml": TypeAdapter(dict[Level, VpnDefinition]),
}
ENTRIES: dict[str, type[BaseModel]] = {
    "drivers.yml": Driver,
    "facts.yml": Fact,
    "frameworks.yml": Framework,
    "levels.yml": LevelDefinition,
    "parameters.yml": ParameterDefinition,
    "standards.yml": Standard,
    "vpn.yml": VpnDefinition,
}
FAMILY = TypeAdapter(Family)
CONTROLS = "controls/"


@dataclass(frozen=True)
class SourceFile:
    """One file: `name` within the baseline ("controls/LCK.yml"), `shown` as a person would open it, and its bytes."""

    name: str
    shown: str
    content: bytes


@dataclass(frozen=True)
class Table:
    """One of the files beside controls/. An entry of the wrong shape is there by name, with None."""

    document: Document
    entries: dict[str, Any] = field(default_factory=dict)

    def good(self) -> dict[str, Any]:
        """The entries of the right shape."""
        return {name: entry for name, entry in self.entries.items() if entry is not None}


@dataclass(frozen=True)
class DraftControl:
    """A control and where it stands."""

    document: Document
    path: Path
    control: Control

    def problem(self, message: str, *path: str | int, missing: str = "") -> Problem:
        """A problem with this control, or with what lies below it."""
        return self.document.problem((*self.path, *path), message, missing)


@dataclass(frozen=True)
class DraftSetting:
    """A setting, its control, and where it stands."""

    owner: DraftControl
    path: Path
    setting: Setting

    @property
    def control(self) -> Control:
        """The control it belongs to."""
        return self.owner.control

    @property
    def name(self) -> str:
        """As people say it: `LCK-01 idle-delay`."""
        return f"{self.control.id} {self.setting.id}"

    def problem(self, message: str, *path: str | int, missing: str = "") -> Problem:
        """A problem with this setting, or with what lies below it."""
        return self.owner.problem(message, *self.path, *path, missing=missing)


@dataclass(frozen=True)
class Draft:
    """What could be read of a baseline, and the problems of the rest."""

    tables: Mapping[str, Table]
    families: tuple[tuple[Document, Family | None], ...]
    controls: tuple[DraftControl, ...]
    problems: tuple[Problem, ...]

    @property
    def drivers(self) -> dict[str, Driver | None]:
        """The listed drivers; None for one whose entry is broken."""
        return self.tables["drivers.yml"].entries

    @property
    def parameters(self) -> dict[str, ParameterDefinition | None]:
        """The parameters; None for one whose entry is broken."""
        return self.tables["parameters.yml"].entries

    @property
    def facts(self) -> dict[str, Fact | None]:
        """The facts; None for one whose entry is broken."""
        return self.tables["facts.yml"].entries

    def settings(self) -> Iterator[DraftSetting]:
        """Every setting of every control that could be read."""
        for owner in self.controls:
            for index, setting in enumerate(owner.control.settings):
                yield DraftSetting(owner, ("settings", index), setting)


def source_files(folder: FilePath | None = None) -> tuple[SourceFile, ...]:
    """All YAML files of a baseline, by name; the shipped one by default. Raises LeeboardError when there is none."""
    root: Traversable = files("leeboard.baselines") if folder is None else folder
    if not root.is_dir():
        raise LeeboardError(f"{root}: there is no such folder; name the folder that holds levels.yml and controls/")
    try:
        sources = sorted(_walk(root, "", str(root)), key=lambda source: source.name)
    except OSError as problem:
        raise LeeboardError(f"{root}: the baseline cannot be read: {problem}") from None
    if not sources:
        raise LeeboardError(f"{root}: holds no baseline; name the folder that holds levels.yml and controls/")
    return tuple(sources)


def _walk(folder: Traversable, name: str, shown: str) -> Iterator[SourceFile]:
    for entry in folder.iterdir():
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _walk(entry, f"{name}{entry.name}/", f"{shown}/{entry.name}")
        elif entry.name.endswith((".yml", ".yaml")):
            yield SourceFile(f"{name}{entry.name}", f"{shown}/{entry.name}", entry.read_bytes())


def draft(sources: tuple[SourceFile, ...]) -> Draft:
    """Read the files of a baseline as far as they can be read."""
    problems: list[Problem] = []
    tables: dict[str, Table] = {}
    families: list[tuple[Document, Family | None]] = []
    controls: list[DraftControl] = []
    for source in sources:
        parsed = document(source.shown, source.content)
        problems += parsed.problems
        if source.name in TABLES:
            tables[source.name], wrong = _table(source.name, parsed)
            problems += wrong
        elif source.name.startswith(CONTROLS):
            family, own, wrong = _family(parsed)
            families.append((parsed, family))
            controls += own
            problems += wrong
        else:
            known = ", ".join([*TABLES, "controls/FAMILY.yml"])
            problems.append(parsed.problem((), f"is no file of a baseline; those are {known}"))
    for name in TABLES:
        if name not in tables:
            where = sources[0].shown.removesuffix(sources[0].name) + name if sources else name
            tables[name] = Table(Document(where, None))
            problems.append(Problem(where, 1, "", "is missing; a baseline needs it"))
    return Draft(tables, tuple(families), tuple(controls), tuple(problems))


def _table(name: str, parsed: Document) -> tuple[Table, list[Problem]]:
    if parsed.problems and parsed.data is None:
        return Table(parsed), []
    try:
        entries = TABLES[name].validate_python(parsed.data)
        return Table(parsed, {str(key): entry for key, entry in entries.items()}), []
    except ValidationError as problem:
        raw = parsed.data if isinstance(parsed.data, dict) else {}
        shape = ENTRIES.get(name)
        entries = {key: _entry(shape, value) for key, value in raw.items()} if shape else dict(raw)
        return Table(parsed, entries), shape_problems(parsed, problem)


def _family(parsed: Document) -> tuple[Family | None, list[DraftControl], list[Problem]]:
    if parsed.problems and parsed.data is None:
        return None, [], []
    family: Family | None = None
    problems: list[Problem] = []
    try:
        family = FAMILY.validate_python(parsed.data)
        controls: list[Control | None] = list(family.controls)
    except ValidationError as problem:
        problems = shape_problems(parsed, problem)
        raw = parsed.data.get("controls") if isinstance(parsed.data, dict) else None
        controls = [_entry(Control, entry) for entry in raw] if isinstance(raw, list) else []
    drafts = [
        DraftControl(parsed, ("controls", index), control)
        for index, control in enumerate(controls)
        if control is not None
    ]
    return family, drafts, problems


def _entry[T: BaseModel](shape: type[T], raw: object) -> T | None:
    try:
        return shape.model_validate(raw)
    except ValidationError:
        return None


def shape_problems(parsed: Document, error: ValidationError) -> list[Problem]:
    """What pydantic says, each at its line. The several complaints about one place of a union become one problem."""
    places: dict[tuple[Path, str], list[str]] = {}
    for detail in error.errors(include_url=False, include_input=False):
        missing = str(detail["loc"][-1]) if detail["type"] == "missing" else ""
        message = "is missing" if missing else _message(detail["type"], detail["msg"])
        messages = places.setdefault((_path(parsed.data, detail["loc"]), missing), [])
        if message not in messages:
            messages.append(message)
    # Where a key inside is named, the complaint that the whole is something else only distracts.
    deeper = {path[:length] for path, missing in places for length in range(len(path) + (missing != ""))}
    return [
        parsed.problem(path, "; or: ".join(messages), missing)
        for (path, missing), messages in places.items()
        if missing or path not in deeper
    ]


def _path(data: object, location: tuple[str | int, ...]) -> Path:
    """Where pydantic's location lies in the file. Its steps that name a type, not a key, are left out."""
    path: list[str | int] = []
    node = data
    for step in location:
        if (isinstance(node, dict) and step in node) or (
            isinstance(node, list) and isinstance(step, int) and step < len(node)
        ):
            node = node[step]  # type: ignore[index]
            path.append(step)
    return tuple(path)


def _message(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "is an unknown key"
    message = message.removeprefix("Value error, ").replace("Input should be", "must be")
    return message.replace("String should", "must").replace("a valid dictionary or instance of", "a")
