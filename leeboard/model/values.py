"""Values of settings: what they can be, as policy compares them, and in one line for people."""

from __future__ import annotations

from typing import Any

Value = bool | int | str | tuple[str, ...]

# How templates begin that Ansible would fill in.
TEMPLATES = ("{{", "{%", "{#")


def flat(value: Any) -> Value:
    """A value from YAML or JSON as policy compares it: lists become tuples."""
    return tuple(str(item) for item in value) if isinstance(value, list) else value


def plain(value: Value | list[str], limit: int = 160) -> str:
    """A value from a device in one printable line: control characters escaped, cut to `limit` characters."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = (", ".join(value) or "none") if isinstance(value, list | tuple) else str(value)
    if len(text) <= limit and text.isprintable():
        return text
    shown = "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"
