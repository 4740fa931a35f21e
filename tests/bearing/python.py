"""Python code as pieces, which piece uses which, and digests that no move, comment, layout or docstring changes.

A piece is a statement at the top of a file, or a whole file where that is asked for. Imports are no part of it: what
they bring is known by what it says, and a module has no name but its place among those that a piece uses. So a file
that moves, and with it the imports of those that use it, is the same code.

What cannot be told bears: a module that is handed on as such counts with all that is in it, and so does one of which
something is used that is not found there.
"""

from __future__ import annotations

import ast
import copy
import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import zip_longest

from . import syntax
from .syntax import Look, Module, Piece, Target

# Of tables, by their names, the rows that count; None: all rows of all tables.
Rows = Mapping[str, Collection[str]] | None


class Code:
    """Python files by their paths from the root of the repository. `whole` are those that are one piece each.

    What is used is looked for in the files that `follow` admits. `tables` are the names of dictionaries whose rows
    count each by itself, with the beginning of the paths of files that have them. Files that `before` has read and that
    are the same are not read again.
    """

    def __init__(
        self,
        texts: Mapping[str, bytes],
        whole: Callable[[str], bool] = lambda _path: False,
        follow: Callable[[str], bool] = lambda _path: True,
        tables: Mapping[str, str] | None = None,
        before: Code | None = None,
    ) -> None:
        self.texts = texts
        self._dotted = {syntax.dotted(path): path for path in texts}
        self._whole, self._follow, self._tables = whole, follow, tables or {}
        self._modules: dict[str, Module] = {}
        self._meant: dict[Look, list[tuple[str, list[Piece]]]] = {}
        self._digests: dict[Look, str] = {}
        if before is not None and before.texts.keys() == texts.keys():
            self._modules = {path: one for path, one in before._modules.items() if before.texts[path] == texts[path]}

    def module(self, path: str) -> Module:
        """A file, read. Raises KeyError where there is none."""
        if path not in self._modules:
            self._modules[path] = self._read(path)
        return self._modules[path]

    def at(self, dotted: str) -> str:
        """The path of a module by its dotted name. Raises KeyError where there is none."""
        return self._dotted[dotted]

    def pieces(self, target: Target) -> list[Piece]:
        """The pieces that a name stands for. Raises KeyError where there is no such file."""
        path, name = target
        module = self.module(path)
        if name in module.bound:
            return module.bound[name]
        if name in module.imports:
            return [piece for one in module.imports[name] if one[0] for piece in self.pieces(one)]
        if not path.endswith("/__init__.py"):
            return module.pieces
        inside = self._dotted.get(f"{syntax.dotted(path)}.{name}")
        below = [inside] if inside else [one for one in self.texts if one.startswith(path.removesuffix("__init__.py"))]
        return [piece for one in below for piece in (self.pieces((one, "")) if one != path else module.pieces)]

    def reach(self, roots: Iterable[Target], rows: Rows = None) -> Reach:
        """Everything that the roots use, and what that uses."""
        found: dict[Piece, Look] = {}
        waiting = [piece for root in roots for piece in self.pieces(root)]
        while waiting:
            piece = waiting.pop()
            if piece not in found:
                look = found[piece] = self._look(piece, rows)
                waiting += piece.module.always
                for _word, pieces in self.meant(look):
                    waiting += pieces
        return Reach(self, found)

    def meant(self, look: Look) -> list[tuple[str, list[Piece]]]:
        """What a piece uses of ours, by the word that stands for it there."""
        if look not in self._meant:
            uses = [(word, target) for word, target in look.uses if target[0] and self._follow(target[0])]
            self._meant[look] = [(word, self.pieces(target)) for word, target in uses]
        return self._meant[look]

    def digest(self, look: Look, looks: Mapping[Piece, Look]) -> str:
        """A digest of a piece among others."""
        if look not in self._digests:
            words = {f"{word} {name}" for word, (path, name) in look.uses if not path}
            words |= {f"{word} {looks[one].text}" for word, pieces in self.meant(look) for one in pieces}
            said = hashlib.sha256("\n".join([look.text, *sorted(words)]).encode()).hexdigest()
            if any(one.tables for _word, pieces in self.meant(look) for one in pieces):
                return said  # other rows make another one
            self._digests[look] = said
        return self._digests[look]

    # Reading

    def _read(self, path: str) -> Module:
        tree = ast.parse(self.texts[path])
        imports: dict[str, set[Target]] = {}
        used = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                used.add(node.id)
            elif isinstance(node, ast.Import):
                for one in node.names:
                    target = self._dotted.get(syntax.ours(one.name))
                    local = one.asname or one.name.partition(".")[0]
                    imports.setdefault(local, set()).add((target, "") if target else ("", one.name))
            elif isinstance(node, ast.ImportFrom):
                base = syntax.base(path, node)
                for one in node.names:
                    imports.setdefault(one.asname or one.name, set()).add(self._imported(base, one.name))
        unused = {target for local, targets in imports.items() if local not in used for target in targets}
        module = Module(path, imports, unused, reads_docstrings=b"__doc__" in self.texts[path])
        body = syntax.body(tree, module)
        for group in [body] if body and self._whole(path) else [[one] for one in body]:
            piece = Piece(module, group, [name for one in group if (name := self.table(one, module))])
            module.pieces.append(piece)
            for name in {name for one in group for name in syntax.bound(one)}:
                module.bound.setdefault(name, []).append(piece)
        return module

    def _imported(self, base: str, name: str) -> Target:
        """What `from base import name` brings: a file, something in a file, or somebody else's code."""
        if f"{base}.{name}" in self._dotted:
            return self._dotted[f"{base}.{name}"], ""
        if base in self._dotted:
            return self._dotted[base], "" if name == "*" else name
        return "", f"{base}.{name}"

    def _look(self, piece: Piece, rows: Rows) -> Look:
        module = piece.module
        kept = {name: rows[name] for name in piece.tables} if rows is not None else {}
        given = frozenset(f"{name} {row}" for name in kept for row in kept[name]) if kept else None
        if (piece, given) not in module.looks:
            names = [self.table(one, module) for one in piece.statements] if kept else []
            pairs = zip_longest(piece.statements, names)
            said = [self._kept(one, module, kept[name]) if name else one for one, name in pairs]
            module.looks[piece, given] = syntax.look(module, said)
        return module.looks[piece, given]

    # Tables

    def table(self, statement: ast.stmt, module: Module) -> str:
        """The name of the table that a statement makes, or an empty text."""
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        name = getattr(targets[0], "id", "")
        is_table = name in self._tables and module.path.startswith(self._tables[name])
        return name if is_table and getattr(statement, "value", None) is not None else ""

    def _kept(self, statement: ast.stmt, module: Module, rows: Collection[str]) -> ast.stmt:
        """A table with those rows alone, and what is no row as it stands."""
        kept = copy.copy(statement)
        value = kept.value = copy.copy(statement.value)  # type: ignore[attr-defined]
        if isinstance(value, ast.Dict):
            pairs = [
                (key, one)
                for key, one in zip(value.keys, value.values, strict=True)
                if (self.has_rows(_meant(one, module), rows) if key is None else self._is_row(key, module, rows))
            ]
            value.keys, value.values = [key for key, _one in pairs], [one for _key, one in pairs]
        elif isinstance(value, ast.DictComp) and isinstance(listed := copy.copy(value.generators[0].iter), ast.Tuple):
            value.generators = [copy.copy(one) for one in value.generators]
            listed.elts = [one for one in listed.elts if self._is_row(_key(one), module, rows)]
            value.generators[0].iter = listed
        return kept

    def _is_row(self, key: ast.expr, module: Module, rows: Collection[str]) -> bool:
        """Whether a row counts: by the text that it is known by, or by the NAME in the module that it is."""
        names = [key.value] if isinstance(key, ast.Constant) else []
        if isinstance(key, ast.Name):
            modules = [path for path, inside in _meant(key, module) if not inside]
            pieces = [piece for path in modules for piece in self.pieces((path, "NAME"))]
            names = [name for piece in pieces for one in piece.statements for name in _named(one)]
        return not names or bool(set(rows) & set(names))

    def has_rows(self, targets: Iterable[Target], rows: Collection[str]) -> bool:
        """Whether these are tables with rows that count, or nobody can tell."""
        pieces = [piece for target in targets for piece in self.pieces(target)]
        statements = [(one, piece.module) for piece in pieces if piece.tables for one in piece.statements]
        tables = [(one, module) for one, module in statements if self.table(one, module)]
        kept = [self._kept(one, module, rows).value for one, module in tables]  # type: ignore[attr-defined]
        return not kept or any(not isinstance(one, ast.Dict) or one.values for one in kept)


@dataclass(frozen=True)
class Reach:
    """Pieces of code, and what each says."""

    code: Code
    looks: Mapping[Piece, Look]

    @property
    def tables(self) -> set[Target]:
        """The tables among them, by file and name."""
        return {(piece.module.path, name) for piece in self.looks for name in piece.tables}

    def digests(self) -> list[tuple[str, str]]:
        """The file and a digest of each: what it says, and what its words stand for."""
        return sorted((piece.module.path, self.code.digest(look, self.looks)) for piece, look in self.looks.items())


def digest(text: bytes) -> str:
    """A digest of one file by itself."""
    found = Code({"file.py": text}, whole=lambda _path: True).reach([("file.py", "")]).digests()
    return found[0][1] if found else ""


def _meant(node: ast.expr, module: Module) -> list[Target]:
    """What a name, or a name in a module, stands for in our code."""
    if isinstance(node, ast.Name):
        return [one for one in module.imports.get(node.id, ()) if one[0]]
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return [(path, node.attr) for path, name in module.imports.get(node.value.id, ()) if path and not name]
    return []


def _key(row: ast.expr) -> ast.expr:
    """What a row of a tuple is known by: the first argument of a call, or itself."""
    return row.args[0] if isinstance(row, ast.Call) and row.args else row


def _named(statement: ast.stmt) -> list[str]:
    """What `NAME = "..."` says; nothing for any other statement."""
    if isinstance(statement, ast.Assign) and getattr(statement.targets[0], "id", "") == "NAME":
        return [str(statement.value.value)] if isinstance(statement.value, ast.Constant) else []
    return []
