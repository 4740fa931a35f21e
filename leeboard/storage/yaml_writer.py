"""YAML files that people write, changed with comments, order and quotes as they were (ruamel.yaml)."""

from __future__ import annotations

import re

from ruamel.yaml import YAML

LISTS = re.compile(r"^( *)[A-Za-z_]+:[ \t]*(?:#.*)?\n( *)- ", re.MULTILINE)


def roundtrip(text: str) -> YAML:
    """What reads and writes such a file; lists are written as far in as the first one of `text` is."""
    match = LISTS.search(text.replace("\r\n", "\n"))
    offset = len(match[2]) - len(match[1]) if match else 2
    yaml = writer(offset) if 0 <= offset <= 8 else writer()
    yaml.explicit_start = re.search(r"^---\s*$", text, re.MULTILINE) is not None
    return yaml


def writer(offset: int = 2) -> YAML:
    """What reads and writes such a file, with the dashes of lists `offset` blanks in."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1 << 20  # a line that somebody wrote is not folded
    yaml.indent(mapping=2, sequence=offset + 2, offset=offset)
    return yaml
