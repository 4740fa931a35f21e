"""What statements of Python say and use: a digest of each without its layout, and the names that it uses of others.

Imports are no part of it: a name that one brings counts by what it stands for, and a module has no name but its place
among the modules that a piece names. So files can move.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

# What our code is called beside its place in the repository: in the collection, and on a machine of the proof.
NAMES = {"ansible_collections.leeboard.schools.": "", "_linux": "plugins.module_utils._linux"}
# Fields of a syntax tree that say nothing about what the code does.
SILENT = ("ctx", "kind", "type_comment", "type_ignores")
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
DOCUMENTED = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
# What a name stands for: a file and a name in it, or "" for the file itself. Without a file, somebody else's code.
Target = tuple[str, str]


@dataclass(eq=False)
class Piece:
    """Statements that count together, and the names of the tables among them."""

    module: Module
    statements: list[ast.stmt]
    tables: list[str]

    def lines(self) -> Iterator[int]:
        """The lines of the file that it has."""
        for one in self.statements:
            first = min([one.lineno, *(at.lineno for at in getattr(one, "decorator_list", ()))])
            yield from range(first, (one.end_lineno or one.lineno) + 1)


@dataclass(eq=False)
class Look:
    """What a piece says, as a digest, and what it uses: each under the word that stands for it there."""

    text: str
    uses: set[tuple[str, Target]]


@dataclass(eq=False)
class Module:
    """A file: its pieces by the names that they bind, and what its imports bring; `unused` by names nobody says.

    With `reads_docstrings` its docstrings are part of what it does.
    """

    path: str
    imports: dict[str, set[Target]]
    unused: set[Target]
    reads_docstrings: bool
    pieces: list[Piece] = field(default_factory=list)
    bound: dict[str, list[Piece]] = field(default_factory=dict)
    looks: dict[tuple[Piece, frozenset[str] | None], Look] = field(default_factory=dict)

    @cached_property
    def always(self) -> list[Piece]:
        """What runs whenever the file is loaded: pieces that bind nothing."""
        named = {piece for pieces in self.bound.values() for piece in pieces}
        return [piece for piece in self.pieces if piece not in named]


def look(module: Module, statements: Iterable[ast.stmt]) -> Look:
    """What statements of a module say and use."""
    return _Reader(module).look(statements)


class _Reader:
    """Reads statements of a module once."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._numbers: dict[str, str] = {}
        self._out: list[str] = []
        self._uses: set[tuple[str, Target]] = {("", target) for target in module.unused}

    def look(self, statements: Iterable[ast.stmt]) -> Look:
        """What they say and use."""
        for one in statements:
            self._read(one)
        return Look(hashlib.sha256("\n".join(self._out).encode("utf-8", "surrogatepass")).hexdigest(), self._uses)

    def _read(self, node: object) -> None:
        if isinstance(node, ast.Import | ast.ImportFrom):
            return
        if isinstance(node, ast.Name):
            self._out.append(self._word(node.id))
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and self._is_module(node.value.id):
            self._out.append(self._word(node.value.id, node.attr))
        elif isinstance(node, ast.AST):
            self._out.append(type(node).__name__)
            for name in node._fields:
                value = getattr(node, name, None)
                if name == "body" and isinstance(node, DOCUMENTED):
                    value = body(node, self._module)
                if name not in SILENT and value is not None and value != []:
                    self._out.append(name)
                    self._read(value)
            self._out.append(")")
        elif isinstance(node, list):
            for one in node:
                self._read(one)
            self._out.append("]")
        else:
            self._out.append(repr(node))

    def _word(self, name: str, attribute: str = "") -> str:
        """A name as it counts, and what it stands for noted."""
        targets = self._module.imports.get(name, set())
        if name in self._module.bound:
            self._uses.add((name, (self._module.path, name)))
        if not self._is_module(name):
            self._uses |= {(name, target) for target in targets}
            return name
        word = self._numbers.setdefault(name, f"module {len(self._numbers)}") + (f" {attribute}" if attribute else "")
        self._uses |= {(word, (path, attribute)) for path, _name in targets}
        return word

    def _is_module(self, name: str) -> bool:
        return any(path and not inside for path, inside in self._module.imports.get(name, ()))


def base(path: str, node: ast.ImportFrom) -> str:
    """The dotted name that an import in a file is from."""
    if not node.level:
        return ours(node.module or "")
    package = path.split("/")[: -node.level]
    return ".".join([*package, *([node.module] if node.module else [])])


def body(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, module: Module) -> list[ast.stmt]:
    """The statements in a node but for its docstring, unless the code asks for docstrings."""
    silent = not module.reads_docstrings and ast.get_docstring(node, clean=False) is not None
    return node.body[1:] if silent else node.body


def ours(name: str) -> str:
    """A dotted name as it is from the root of the repository on."""
    for prefix, place in NAMES.items():
        if name.startswith(prefix):
            return place + name.removeprefix(prefix)
    return name


def dotted(path: str) -> str:
    """The dotted name of a file."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def bound(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement at the top of a file binds, but for those of imports."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, DOCUMENTED):
            yield node.name
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        if not isinstance(node, (*SCOPES, ast.ClassDef)):
            waiting += ast.iter_child_nodes(node)
