"""What a proof of `make test-full` is about, and one digest over it (docs/decisions/0023-what-a-proof-is-about.md).

A proof stays good as long as this is what it was, wherever it lies: a mended driver costs the proofs of its own
controls, and a file that moves costs none.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

from leeboard.escrow.disks import readings
from leeboard.verdict import device_clock
from tests.bearing.baseline import LINUX, WINDOWS, BaselineText, named
from tests.bearing.powershell import Scripts, of_driver, stripped
from tests.bearing.python import Code, Reach, digest
from tests.bearing.syntax import Target

from .scripts import AnyScript, controls_with_truth

ROOT = Path(__file__).resolve().parents[2]
BASELINE, PLUGINS, CONTROLS, RECIPES = "leeboard/baselines/", "plugins/", "tests/controls/", "tests/vm/recipes/"
MACHINES, WINDOWS_TRUTH = f"{CONTROLS}machines.yml", f"{CONTROLS}windows_"
# Code, of which a proof takes what it uses.
CODE = (
    "leeboard/**/*.py", f"{PLUGINS}**/*.py", f"{PLUGINS}**/*.ps1", f"{PLUGINS}**/*.psm1", f"{WINDOWS_TRUTH}*.py",
    "tests/windows/*.py",
)  # fmt: skip
# Files that count whole, by the folder from which on their names count: what decides, and what is done to machines.
WHOLE = {
    BASELINE: ("*.yml", "controls/*.yml"),
    f"{PLUGINS}modules/": ("*.yml",),
    "playbooks/": ("*.yml",),
    "roles/": ("**/*",),
    CONTROLS: ("*/**/*.sh", "*/**/*.ps1", "*.sh", "*.ps1", "machines.yml"),
    "tests/vm/guest/": ("**/*",),
    RECIPES: ("*.yml",),
    "tests/windows/standins/": ("**/*",),
}
# What a proof asks of the brain, and of a device: on Windows the functions that a file of the tests calls there.
BRAIN = (
    "leeboard.policy.load.load",
    "leeboard.policy.resolve.resolve",
    "leeboard.model.device.device",
    "leeboard.escrow.disks.readings.asked_of_device",
    "leeboard.model.observation.parse",
    "leeboard.verdict.evaluate.evaluate",
    "leeboard.planning.plan.plan",
)
LINUX_CODE = ("plugins.module_utils._linux.visit", "plugins.module_utils._linux.engine.change")
WINDOWS_CALLS = "tests/windows/machine.py"
# Readings that the controller takes, by driver, and what takes them.
TAKEN = {
    readings.DRIVER: "leeboard.escrow.disks.readings.of_escrow",
    readings.ON_WINDOWS: "leeboard.escrow.volumes.readings.of_escrow",
    **dict.fromkeys(device_clock.DRIVERS.values(), "leeboard.verdict.device_clock.reading"),
}
# Not followed: the linter, since the shipped baseline is not linted when it is read, and what drives machines.
NOT_FOLLOWED = ("leeboard/policy/lint.py", WINDOWS_CALLS)
# Tables of which a proof takes the rows that its controls name, and where they are.
TABLES = {
    **dict.fromkeys(("OPERATORS", "QUESTIONS", "JUDGEMENTS", "OBJECTS", "FUNCTIONS"), "leeboard/"),
    "DRIVERS": f"{PLUGINS}module_utils/_linux/visit.py",
    **dict.fromkeys(("TRUTHS", "RECORDED"), WINDOWS_TRUTH),
}
Rows = Mapping[str, set[str]]
VERDICTS = ("applies", "stock")  # keys in machines.yml, with a row a control
# Marks in the path of a file that is about one platform only.
ONLY = {
    LINUX: ("/_linux/", ".sh", "tests/vm/", MACHINES),
    WINDOWS: ("/_windows/", ".ps1", ".psm1", "/win_", "tests/windows/", WINDOWS_TRUTH),
}
About = Callable[[str, AnyScript | None], str]  # the digest of what a script's proof, or that of machines, is about
LENGTH = 24  # digits of a digest
CONTROL = re.compile(r"/([A-Z]{3}-\d\d)/")


@dataclass(frozen=True)
class Proof:
    """What a script is about: the controls that it changes, on a machine of an image. Without controls it is all that
    is proved of machines as a whole."""

    platform: str
    controls: frozenset[str] | None = None
    image: str = ""


@dataclass(frozen=True)
class Texts:
    """Every file that a proof may be about, by its path: code, and what counts whole."""

    code: Mapping[str, bytes]
    whole: Mapping[str, bytes]


class Cover:
    """What each proof is about in these files. What `before` has read is not read again."""

    def __init__(self, texts: Texts, before: Cover | None = None) -> None:
        self.texts = texts
        self._code: Code = Code(
            {path: text for path, text in texts.code.items() if path.endswith(".py")},
            whole=lambda path: path.startswith(PLUGINS),
            follow=lambda path: path not in NOT_FOLLOWED,
            tables=TABLES,
            before=before._code if before else None,
        )
        self._scripts = Scripts({path: text for path, text in texts.code.items() if not path.endswith(".py")})
        self._baseline = BaselineText(
            {path.removeprefix(BASELINE): text for path, text in texts.whole.items() if path.startswith(BASELINE)}
        )
        self._machines = _yaml(texts.whole[MACHINES])
        # The scripts themselves count each for its own proof alone.
        others = [path for path in texts.whole if not path.startswith(BASELINE)]
        self._shared = [path for path in others if not {"breaks", "harmless"} & {*path.split("/")}]
        self._asked: dict[frozenset[str], set[str]] = {}
        self._found: dict[Proof, dict[str, list[str]]] = {}
        self._sums: dict[Proof, str] = {}

    def about(self, platform: str, script: AnyScript | None = None) -> str:
        """One digest over what a proof is about: of one script, or of the machines as a whole."""
        scope = proof(platform, script)
        if scope not in self._sums:
            self._sums[scope] = _digest(sorted(said for lines in self.parts(scope).values() for said in lines))
        own = "" if script is None else _sha(self.texts.whole[script.path.relative_to(ROOT).as_posix()])
        return _digest([self._sums[scope], own])

    def parts(self, scope: Proof) -> dict[str, list[str]]:
        """The digests of what a proof is about, by file; the proof's own script is not among them."""
        if scope not in self._found:
            parts = self._found[scope] = {}
            view = self._baseline.view(scope.platform, scope.controls)
            rows = _rows(scope, view)
            parts |= {BASELINE + name: [_digest([name, content])] for name, content in view.items()}
            reached = self.reached(scope, rows).digests()
            for path, line in (*reached, *self._powershell(scope, rows), *self._whole(scope)):
                parts.setdefault(path, []).append(line)
        return self._found[scope]

    # What a proof uses

    def reached(self, scope: Proof, rows: Rows | None = None) -> Reach:
        """The pieces of Python that a proof is about."""
        rows = rows or _rows(scope, self._baseline.view(scope.platform, scope.controls))
        roots = list(map(self._root, BRAIN))
        if scope.controls is None:
            folders = [f"{PLUGINS}action/", f"{PLUGINS}callback/"]
            folders += [f"{PLUGINS}modules/", f"{PLUGINS}module_utils/"] if scope.platform == LINUX else []
            roots += [(path, "") for path in self._code.texts if path.startswith(tuple(folders))]
        else:
            roots += [self._root(TAKEN[driver]) for driver in rows["DRIVERS"] & TAKEN.keys()]
            if scope.platform == LINUX:
                roots += [(self._code.at(name), "") for name in LINUX_CODE]
        if scope.platform == WINDOWS:
            truths = [(path, "TRUTHS") for path in self._code.texts if path.startswith(f"{WINDOWS_TRUTH}truth")]
            roots += [
                truth for truth in truths if scope.controls is None or self._code.has_rows([truth], rows["TRUTHS"])
            ]
        return self._code.reach(roots, None if scope.controls is None else rows)

    def _root(self, name: str) -> Target:
        module, _dot, inside = name.rpartition(".")
        return self._code.at(module), inside

    def _powershell(self, scope: Proof, rows: Rows) -> Iterator[tuple[str, str]]:
        if scope.platform != WINDOWS:
            return
        if scope.controls is None:
            yield from self._scripts.digests(self._scripts.paths)
            return
        calls = " ".join([self.texts.code[WINDOWS_CALLS].decode(), *map(of_driver, rows["DRIVERS"])])
        yield from self._scripts.digests(self._scripts.reach(calls, rows["DRIVERS"]), rows["DRIVERS"])

    def _whole(self, scope: Proof) -> Iterator[tuple[str, str]]:
        for path in self._shared:
            if self._bears(path, scope):
                is_view = path == MACHINES
                yield path, _digest(self._machine(scope)) if is_view else _content(path, self.texts.whole[path])

    def _bears(self, path: str, scope: Proof) -> bool:
        """Whether a file that counts whole bears on a proof."""
        if not _is_for(path, scope.platform):
            return False
        if scope.controls is None:
            return True
        if path.startswith((f"{PLUGINS}modules/", "playbooks/", "roles/")):  # a script's proof calls drivers by itself
            return False
        if path.startswith(RECIPES):
            return path in self._recipes(scope.image)
        if path in self._truths:
            return path in self._truths_asked(scope.controls)
        by_hand = {about.get("by_hand") for about in self._machines.values()}
        if path.removeprefix(CONTROLS) in by_hand:
            return bool(path.removeprefix(CONTROLS) == self._machines[scope.image].get("by_hand"))
        control = CONTROL.search(path)
        return control is None or control[1] in scope.controls

    def _machine(self, scope: Proof) -> Any:
        """What machines.yml says of the image, and there of the controls."""
        if scope.controls is None:
            return self._machines
        about = self._machines[scope.image]
        verdicts = {key: {name: about[key][name] for name in scope.controls & about[key].keys()} for key in VERDICTS}
        return {**about, **verdicts}

    def _recipes(self, image: str) -> list[str]:
        """The recipe of an image and those that it extends."""
        recipes = [f"{RECIPES}{image}.yml"]
        while parent := _yaml(self.texts.whole[recipes[-1]]).get("extends"):
            recipes.append(f"{RECIPES}{parent}.yml")
        return recipes

    # Truth scripts for Linux

    @cached_property
    def _truths(self) -> dict[str, str]:
        """The truth scripts and what several of them share, with the name that each has on a machine."""
        own = {f"{CONTROLS}{control}/truth.sh": f"{control}.sh" for control in controls_with_truth()}
        shared = [path for path in self.texts.whole if path.startswith(f"{CONTROLS}truth_")]
        return own | {path: path.removeprefix(CONTROLS) for path in shared}

    def _truths_asked(self, controls: frozenset[str]) -> set[str]:
        """The truth scripts of these controls and those that they call or read."""
        if controls in self._asked:
            return self._asked[controls]
        paths = self._asked[controls] = set()
        more = {path for path, name in self._truths.items() if name.removesuffix(".sh") in controls}
        while more:
            paths |= more
            read = b"".join(self.texts.whole[path] for path in more)
            more = {path for path, name in self._truths.items() if f"/{name}".encode() in read} - paths
        return paths


_last: dict[Path, Cover] = {}


def covered(root: Path = ROOT) -> Cover:
    """What is there now. The same as before where nothing changed since it was asked last."""
    whole = [f"{folder}{pattern}" for folder, patterns in WHOLE.items() for pattern in patterns]
    texts = Texts(read(root, CODE), read(root, whole))
    before = _last.get(root)
    if before is None or before.texts != texts:
        _last[root] = Cover(texts, before)
    return _last[root]


def read(root: Path, patterns: Iterable[str]) -> dict[str, bytes]:
    """The text of each file by its path from a root."""
    paths = sorted({path for pattern in patterns for path in root.glob(pattern) if path.suffix not in (".md", ".pyc")})
    return {path.as_posix().removeprefix(f"{root.as_posix()}/"): path.read_bytes() for path in paths if path.is_file()}


def proof(platform: str, script: AnyScript | None = None) -> Proof:
    """What a script is about, or machines as a whole."""
    if script is None:
        return Proof(platform)
    along = (*getattr(script, "also", ()), *getattr(script, "pending", ()))
    return Proof(platform, frozenset((*script.asked, *along)), getattr(script, "image", ""))


def platform_of(test: str, script: AnyScript | None) -> str:
    """The platform that a test of the proof is about."""
    on_windows = "test_windows" in test if script is None else script.path.suffix == ".ps1"
    return WINDOWS if on_windows else LINUX


def _rows(scope: Proof, view: Mapping[str, Any]) -> Rows:
    """The rows that the controls name, by table."""
    drivers = named(view, "driver")
    if readings.DRIVER in drivers:
        drivers.add(readings.SHOWN[0])  # what a device shows to the vault
    kinds = {kind for row in view["drivers.yml"].values() for kind in row.get("objects", {}).values()}
    keys = {"OPERATORS": "operator", "QUESTIONS": "judgement", "JUDGEMENTS": "judgement", "FUNCTIONS": "function"}
    controls = set(scope.controls or ())
    rows = {table: named(view, key) for table, key in keys.items()}
    return {**rows, "DRIVERS": drivers, "OBJECTS": kinds, "TRUTHS": controls, "RECORDED": controls}


def _is_for(path: str, platform: str) -> bool:
    return not any(mark in f"/{path}" for mark in ONLY[WINDOWS if platform == LINUX else LINUX])


@cache
def _content(path: str, text: bytes) -> str:
    """A digest of a file's name, from its folder on, and of what it says."""
    folder = next(root for root in WHOLE if path.startswith(root))
    content = _sha(text)
    if path.endswith(".yml"):
        content = _yaml(text)
    elif path.endswith(".py"):
        content = digest(text)
    elif path.endswith(".psm1"):
        content = stripped(text.decode())
    return _digest([path.removeprefix(folder), content])


@cache
def _yaml(text: bytes) -> Any:
    return yaml.load(text, Loader=yaml.CSafeLoader)


def _digest(data: Any) -> str:
    return _sha(json.dumps(data, sort_keys=True, default=str).encode())


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:LENGTH]
