"""YAML that people write, as plain data and with the line of each key. Pure: bytes in, data out; it never raises else.

What Ansible alone understands (`!vault`, `!unsafe`) becomes a `Tagged`: its plugin reads those files once more itself.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from leeboard.model.problem import Mistake

MOST_NODES = 20_000
MOST_DEPTH = 50
MOST_NUMBER = 2**63
TAGS = ("!vault", "!vault-encrypted", "!unsafe")
TEXT = "tag:yaml.org,2002:str"
NO_TEXT = tuple(f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float", "timestamp"))


@dataclass(frozen=True)
class Tagged:
    """A value that only Ansible reads."""

    tag: str


@dataclass(frozen=True)
class Written:
    """What a file says: plain data (mappings, lists, text, numbers, dates as ISO text, Tagged), and where."""

    data: Any
    node: yaml.Node | None

    def line(self, path: Sequence[str | int]) -> int | None:
        """The line of a key, or of the nearest above it that is there."""
        node, line = self.node, None
        for step in path:
            following: yaml.Node | None = None
            if isinstance(node, yaml.MappingNode):
                for key, value in node.value:
                    if key.value == str(step):
                        following, line = value, key.start_mark.line + 1
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and 0 <= step < len(node.value):
                following = node.value[step]
                line = following.start_mark.line + 1
            if following is None:
                break
            node = following
        return line


class _Loader(yaml.CSafeLoader):
    """The safe loader, which knows Ansible's tags by name."""


def _tagged(_loader: _Loader, node: yaml.Node) -> Tagged:
    return Tagged(node.tag)


for _tag in TAGS:
    _Loader.add_constructor(_tag, _tagged)


def read_yaml(content: bytes) -> Written:
    """The one document in these bytes. Raises Mistake with the line."""
    try:
        loader = _Loader(content)
        try:
            node = loader.get_single_node()
            if node is not None:
                _unlike_keys(node, set())
            data = loader.construct_document(node) if node is not None else None
        finally:
            loader.dispose()
        return Written(_plain(data, 0, [MOST_NODES]), node)
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark or wrong.context_mark
        reason = wrong.problem or wrong.context or "it cannot be read"
        raise Mistake(f"is no YAML: {reason}", row=mark.line + 1 if mark else None) from None
    except yaml.YAMLError as wrong:
        raise Mistake(f"is no YAML: {str(wrong).splitlines()[0] if str(wrong) else 'it cannot be read'}") from None
    except RecursionError:
        raise Mistake("is nested too deeply; take levels out of it") from None
    except (ValueError, TypeError, ArithmeticError) as wrong:  # a date such as 2026-13-45, a key that is a list
        raise Mistake(f"holds a value that makes no sense ({wrong}); put text into quotes") from None
    except (AttributeError, LookupError):  # PyYAML takes apart what a tag such as !!timestamp promises, and looks later
        raise Mistake("holds a value that is not what its tag says; take the tag (!!...) away") from None


def has_tagged(value: Any) -> bool:
    """True when there is a Tagged anywhere in this data."""
    if isinstance(value, dict):
        return any(has_tagged(item) for item in value.values())
    if isinstance(value, list):
        return any(has_tagged(item) for item in value)
    return isinstance(value, Tagged)


def _unlike_keys(node: yaml.Node, seen: set[int]) -> None:
    """Refuse a key that stands there twice: YAML would silently take the last. A key such as `no` becomes text."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in keys:
                    raise Mistake("stands there twice; take one out", key.value, key.start_mark.line + 1)
                keys.add(key.value)
                key.tag = TEXT if key.tag in NO_TEXT else key.tag
            _unlike_keys(value, seen)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _unlike_keys(value, seen)


def _plain(value: Any, depth: int, left: list[int]) -> Any:
    """Plain data that cannot be too large: aliases may make a few lines into millions, or into a ring."""
    left[0] -= 1
    if left[0] < 0 or depth > MOST_DEPTH:
        raise Mistake("holds too much, or refers to itself; write it without anchors")
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str | int | float | bool | datetime.date | None):
                raise Mistake("has a key that is no text")
        return {
            key if isinstance(key, str) else str(_plain(key, depth, left)): _plain(item, depth + 1, left)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_plain(item, depth + 1, left) for item in value]
    if isinstance(value, datetime.date):  # a datetime is one as well
        return value.isoformat()
    if isinstance(value, int) and abs(value) > MOST_NUMBER:
        raise Mistake("holds a number that is too large; put text into quotes")
    if value is None or isinstance(value, str | bool | int | float | Tagged):
        return value
    raise Mistake(f"holds {type(value).__name__} data; write text, numbers, lists and mappings only")
