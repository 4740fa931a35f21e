"""`waivers.yml` of a school: reading it, where a mistake costs its own entry, and adding an entry to it.

Text in, text out; only `write` touches a disk.
"""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from leeboard.errors import LeeboardError
from leeboard.estate import editing
from leeboard.estate.editing import Written, write_all
from leeboard.model import accepted
from leeboard.model.accepted import Accepted
from leeboard.model.problem import Mistake, Problem
from leeboard.model.waiver import Waiver, each, once, parse_one, times
from leeboard.storage.yaml_reader import has_tagged, read_yaml
from leeboard.storage.yaml_writer import writer

FILE = "waivers.yml"
KEY = "waivers"
MOST_BYTES = 1024 * 1024
HEAD = "# Accepted risks of this school: docs/waivers.md says what each field means. leeboard waiver check reads it.\n"
SWITCH = re.compile(r"(?:y|n|yes|no|on|off)\Z", re.IGNORECASE)  # of YAML 1.1
LIST = re.compile(r"waivers:[ \t]*(#.*)?$")
ITEM = re.compile(r"([ \t]*)-([ \t]|$)")


@dataclass(frozen=True)
class WaiverFile:
    """The waivers in a file that make sense, and one problem for each entry that does not.

    `broken` is True for a file that is no YAML as a whole: nothing can be added to it.
    """

    waivers: tuple[Waiver, ...] = ()
    problems: tuple[Problem, ...] = ()
    broken: bool = False


def read_waivers(content: bytes, file: str) -> WaiverFile:
    """The waivers in these bytes; `file` is what problems call it. Never raises."""
    problems: list[Problem] = []
    whole: Problem | None = None
    broken = False
    pieces = _pieces(content)
    try:
        entries = _entries(content)
        if pieces and len(pieces) != len(entries):
            # A quote that is never closed goes on to the next one, and what lies between them would be text.
            raise Mistake("has an entry with a quote that is not closed")
    except Mistake as wrong:
        broken = True
        # One entry that is no YAML, such as a reason with a colon in it, must not cost the others.
        entries, problems = _one_by_one(pieces, file)
        whole = None if problems else wrong.problem(file)
    placed, messages = each(entries, _read)
    good, twins = once(placed)
    messages += [(line, f"{id}: the id is given {times(count)}") for id, (line, count) in twins.items()]
    problems += [Problem(file, message, line) for line, message in messages]
    if whole is not None and not _reported_already(whole, problems, [first for first, _ in pieces]):
        problems.append(whole)
    return WaiverFile(good, tuple(sorted(problems, key=lambda problem: problem.row or 0)), broken)


def _read(raw: Any) -> Waiver | str:
    return "holds an encrypted value; a waiver is no secret" if has_tagged(raw) else parse_one(raw)


def read_folder(folder: Path) -> WaiverFile:
    """The waivers of a school's folder; none where there is no such file."""
    path = folder / FILE
    try:
        return read_waivers(content_of(folder) or b"", str(path))
    except LeeboardError as wrong:
        problem = Problem(str(path), str(wrong).removeprefix(f"{path}: "))
    except OSError as wrong:
        problem = Problem(str(path), f"cannot be read: {wrong.strerror}")
    return WaiverFile(problems=(problem,), broken=True)


def plain_data(waiver: Waiver) -> dict[str, Any]:
    """A waiver as the variable `leeboard_waivers` has it."""
    return waiver.model_dump(mode="json", exclude_defaults=True)


def entry(waiver: Waiver) -> str:
    """An entry as it is written, for a person to read before it is."""
    return _dump(CommentedMap({KEY: CommentedSeq([_written(waiver)])}), 2).partition("\n")[2]


def added(content: bytes | None, waiver: Waiver, file: str) -> bytes:
    """The content with one more entry at the end; comments, order and quotes stay. Raises LeeboardError.

    What comes out is read again: it must hold what was there, and the new one.
    """
    before = read_waivers(content or b"", file)
    if before.broken:
        raise LeeboardError(f"{before.problems[0]}; put the file right first")
    for make in (_appended, _rewritten):
        try:
            changed = make(content or b"", waiver)
        except Exception:  # noqa: S112  ruamel.yaml has errors of many kinds for what it cannot hold
            continue
        after = read_waivers(changed, file)
        if after.waivers == (*before.waivers, waiver) and len(after.problems) == len(before.problems):
            return changed
    raise LeeboardError(f"{file}: its other entries would not stay as they are; add the entry by hand")


def _appended(content: bytes, waiver: Waiver) -> bytes:
    """At the end of the file, which is the end of its list: all that stands there stays to the letter."""
    text = content.decode("utf-8-sig")
    head = "" if any(LIST.match(line) for line in text.splitlines()) else f"{KEY}:\n"
    if not text.strip():
        content, head = b"", HEAD + head
    more = head + textwrap.indent(textwrap.dedent(entry(waiver)), " " * _indent(text))
    if content and not content.endswith(b"\n"):
        more = "\n" + more
    return content + (more.replace("\n", "\r\n") if b"\r\n" in content else more).encode()


def _rewritten(content: bytes, waiver: Waiver) -> bytes:
    """Where the list is written on one line; comments, order and quotes stay."""
    text = content.decode("utf-8-sig")
    yaml = writer(_indent(text))
    data = yaml.load(text)
    if not data.get(KEY):
        data[KEY] = CommentedSeq()
    data[KEY].append(_written(waiver))
    stream = io.StringIO()
    yaml.dump(data, stream)
    return stream.getvalue().encode()


def pinned(content: bytes, settings: Mapping[str, tuple[Accepted, ...]], file: str) -> bytes:
    """The content in which waivers name these settings, by id; comments and order stay. Raises LeeboardError."""

    def put(entries: CommentedSeq) -> None:
        for raw in entries:
            if raw.get("id") in settings:
                _put(raw, "settings", _settings(accepted.as_data(settings[raw["id"]])))

    return _changed(content, {id: {"settings": named} for id, named in settings.items()}, [_edit(put)], file)


def ended(content: bytes, id: str, file: str) -> bytes:
    """The content without a waiver; comments and order stay. Raises LeeboardError."""

    def put(entries: CommentedSeq) -> None:
        del entries[[raw.get("id") for raw in entries].index(id)]

    return _changed(content, {id: None}, [lambda content: _cut(content, id), _edit(put)], file)


def _changed(
    content: bytes,
    updates: Mapping[str, Mapping[str, Any] | None],
    ways: Sequence[Callable[[bytes], bytes]],
    file: str,
) -> bytes:
    """The content changed in the first way of which nothing comes but `updates`, by id (None: the entry is gone).

    What comes out is read again. Raises LeeboardError.
    """
    before = read_waivers(content, file)
    if before.broken:
        raise LeeboardError(f"{before.problems[0]}; put the file right first")
    updated = ((waiver, updates.get(waiver.id, {})) for waiver in before.waivers)
    wanted = tuple(waiver.model_copy(update=update) for waiver, update in updated if update is not None)
    for change in ways:
        try:
            changed = change(content)
        except Exception:  # noqa: S112  ruamel.yaml has errors of many kinds for what it cannot hold
            continue
        after = read_waivers(changed, file)
        if after.waivers == wanted and len(after.problems) == len(before.problems):
            return changed
    raise LeeboardError(f"{file}: its entries would not stay as they are; change them by hand")


def _edit(change: Callable[[CommentedSeq], None]) -> Callable[[bytes], bytes]:
    """A change of the list of entries as one of the file."""

    def edited(content: bytes) -> bytes:
        text = content.decode("utf-8-sig")
        yaml = writer(_indent(text))
        data = yaml.load(text)
        change(data[KEY])
        stream = io.StringIO()
        yaml.dump(data, stream)
        return stream.getvalue().encode()

    return edited


def _cut(content: bytes, id: str) -> bytes:
    """Without the lines of an entry: all else stays to the letter, comments before and after it included."""
    number = [raw.get("id") for _, raw in _entries(content)].index(id)
    first, piece = _pieces(content)[number]
    own = piece.splitlines()
    while not own[-1].strip() or own[-1].lstrip().startswith("#"):
        del own[-1]
    lines = content.decode("utf-8-sig").splitlines(keepends=True)
    del lines[first - 1 : first - 1 + len(own)]
    return "".join(lines).encode()


def _put(entry: CommentedMap, key: str, value: Any) -> None:
    """Insert a key where people look for it: before the reason."""
    if key in entry:
        entry[key] = value
    else:
        entry.insert(list(entry).index("reason"), key, value)


def write(folder: Path, content: bytes, seen: bytes | None, first: Callable[[], object]) -> Path:
    """Give a school's file new content, whole or not at all. Raises LeeboardError, also when it is not as `seen`.

    `first` is done before, once the file was found as it was seen: the line in the school's journal. Of two technicians
    who write at once the second is told to do it again.
    """
    path = folder / FILE
    write_all(folder.absolute().parent, [Written(path, content, seen)], first)
    return path


def content_of(folder: Path) -> bytes | None:
    """The bytes of a school's file, None when there is none. Raises LeeboardError."""
    return editing.content_of(folder / FILE, MOST_BYTES)


def _entries(content: bytes) -> list[tuple[int | None, Any]]:
    """Each entry with its line. Raises Mistake for a file that is no list of waivers."""
    written = read_yaml(content)
    data = written.data
    if data is None:
        return []
    if not isinstance(data, dict) or data.keys() != {KEY} or not isinstance(data[KEY], list | None):
        raise Mistake("must hold one key, waivers, with a list; docs/waivers.md shows it")
    return [(written.line((KEY, number)), raw) for number, raw in enumerate(data[KEY] or [])]


def _one_by_one(pieces: list[tuple[int, str]], file: str) -> tuple[list[tuple[int | None, Any]], list[Problem]]:
    """The entries of a file that is no YAML as a whole, each read alone; and what is wrong with those that are none."""
    entries: list[tuple[int | None, Any]] = []
    problems: list[Problem] = []
    for first, text in pieces:
        try:
            data = read_yaml(text.encode()).data
            if not isinstance(data, list) or len(data) != 1:
                raise Mistake("is no entry of a list")
            entries.append((first, data[0]))
        except Mistake as wrong:
            row = first if wrong.row is None else first + wrong.row - 1
            problems.append(Problem(file, wrong.message, row, wrong.column))
    return entries, problems


def _reported_already(whole: Problem, problems: list[Problem], firsts: list[int]) -> bool:
    """True when the entry in which the file as a whole goes wrong has a line of its own already."""
    row = whole.row
    if row is None or not firsts or row < firsts[0]:
        return False
    begins = max(first for first in firsts if first <= row)
    after = min((first for first in firsts if first > row), default=None)
    return any(begins <= (problem.row or 0) and (after is None or (problem.row or 0) < after) for problem in problems)


def _pieces(content: bytes) -> list[tuple[int, str]]:
    """The text of each entry below `waivers:` and its first line; none where the list is written in another way."""
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        return []
    start = next((number for number, line in enumerate(lines) if LIST.match(line)), None)
    if start is None:
        return []
    pieces: list[tuple[int, list[str]]] = []
    items = [
        (number, item[1]) for number, line in enumerate(lines[start + 1 :], start + 2) if (item := ITEM.match(line))
    ]
    indent = items[0][1] if items else ""
    begins = {number for number, its_indent in items if its_indent == indent}
    last = max(begins, default=0)
    for number, line in enumerate(lines[start + 1 :], start + 2):
        inside = (
            not line.strip() or line.lstrip().startswith("#") or line.startswith((f"{indent} ", f"{indent}\t", "\t"))
        )
        if number in begins:
            pieces.append((number, [line]))
        elif not inside and number > last:
            break  # another key of the file
        elif pieces:
            pieces[-1][1].append(line)  # a line that stands too far out among the entries is a mistake of this one
    return [(number, "\n".join(piece) + "\n") for number, piece in pieces]


def _written(waiver: Waiver) -> CommentedMap:
    """An entry in the order in which people read it; what is not said is left out."""
    fields = {name: _text(value) for name, value in waiver.model_dump(exclude_defaults=True).items()}
    for name in ("devices", "roles"):
        if name in fields:
            fields[name] = CommentedSeq(_text(str(value)) for value in fields[name])
            fields[name].fa.set_flow_style()
    if "settings" in fields:
        fields["settings"] = _settings(fields["settings"])
    return CommentedMap(fields)


def _text(value: Any) -> Any:
    """A value, in quotes where it is a word that Ansible's YAML takes for a switch and ruamel.yaml's does not."""
    return DoubleQuotedScalarString(value) if isinstance(value, str) and SWITCH.match(value) else value


def _settings(data: Mapping[str, Any]) -> CommentedMap:
    """The settings of an entry: a line each, with the values in brackets."""
    return CommentedMap(
        {name: _settings(value) if isinstance(value, dict) else _list(value) for name, value in data.items()}
    )


def _list(values: list[Any]) -> CommentedSeq:
    """A list in brackets, with text in quotes: YAML takes a bare no for a switch."""
    sequence = CommentedSeq(
        _list(value)
        if isinstance(value, list)
        else DoubleQuotedScalarString(value)
        if isinstance(value, str)
        else value
        for value in values
    )
    sequence.fa.set_flow_style()
    return sequence


def _dump(data: CommentedMap, indent: int) -> str:
    stream = io.StringIO()
    writer(indent).dump(data, stream)
    return stream.getvalue()


def _indent(text: str) -> int:
    """The indentation of the dashes of the list."""
    lines = text.splitlines()
    start = next((number for number, line in enumerate(lines) if LIST.match(line)), len(lines))
    item = next((match for line in lines[start + 1 :] if (match := ITEM.match(line))), None)
    return len(item[1]) if item else 2
