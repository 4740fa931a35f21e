"""What every page in HTML shares: its templates, its style with the hash that its policy names, and how it is kept."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from leeboard.errors import LeeboardError
from leeboard.report import words
from leeboard.storage import files

MOST_ON_SHEETS = 160  # characters: two lines fit into a margin. The first and the last sheet have all of a longer one
LONGEST_CODE = 24  # characters, that fit beside others on a phone


def environment(folder: str, finalize: Callable[[object], object]) -> Environment:
    """The templates of a folder of the package. `finalize` is the last that happens to a value unescaped."""
    made = Environment(
        loader=PackageLoader("leeboard", folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        finalize=finalize,
    )
    made.filters["unbroken"] = unbroken
    return made


def unbroken(text: object) -> Markup:
    """Text of which codes such as asset tags are not parted at a hyphen; a long one may be, on a narrow page."""
    said = words.clean(text, 2000).split(" ")
    return Markup(" ").join(
        Markup('<span class="unbroken">{}</span>').format(word) if "-" in word and len(word) <= LONGEST_CODE else word
        for word in said
    )


def style(file: Path) -> tuple[Markup, str]:
    """A style sheet of ours, and its hash as a Content-Security-Policy names it."""
    css = file.read_text("utf-8")
    return Markup(css), _hash(css)  # noqa: S704  our own file


def on_each_sheet(css: Markup, line: str) -> tuple[Markup, str]:
    """The same style with a protective marking above and below each printed sheet, and its hash."""
    marked = f"{css}{sheet_rule(line)}\n"
    return Markup(marked), _hash(marked)  # noqa: S704  our own style, and text of which nothing is left to escape


def sheet_rule(line: str) -> str:
    """What marks each printed sheet, which Chromium does since version 131.

    All of the line but letters and digits is escaped, blanks too, since the one after an escape is part of it.
    """
    shown = words.clean(line, MOST_ON_SHEETS)
    content = "".join(one if one.isascii() and one.isalnum() else f"\\{ord(one):06x}" for one in shown)
    return f'@page {{ @top-center {{ content: "{content}"; }} @bottom-center {{ content: "{content}"; }} }}'


def _hash(css: str) -> str:
    return f"sha256-{b64encode(sha256(css.encode()).digest()).decode()}"


def keep(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all. Raises OSError.

    A new file can be read by its owner only, since it names weak points; a file that exists keeps its permissions.
    """
    files.replace(path, content, mode_of(path))


def mode_of(path: Path) -> int:
    """The permissions of a file that is there; of a new one those that let its owner alone read it."""
    return path.stat().st_mode & 0o777 if path.exists() else 0o600


@contextmanager
def written(path: Path, what: str = "") -> Iterator[None]:
    """Raise LeeboardError, with what to do, where a file cannot be written inside. `what` is it, in words."""
    try:
        yield
    except OSError as problem:
        why = problem.strerror or problem
        said = f"{what} cannot be written" if what else "cannot be written"
        raise LeeboardError(f"{path}: {said}: {why}; give a folder that you may write to") from None
