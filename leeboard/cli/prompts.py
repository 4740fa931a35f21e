"""Questions on the terminal. A script that nobody watches is told what to give instead, and nothing is done."""

from __future__ import annotations

import sys

import typer

from leeboard.errors import LeeboardError

LONGEST = 200  # characters of a word or a reason


def check_text(option: str, text: str) -> None:
    """Raises LeeboardError for what is no line of text that can be kept."""
    if not text.strip() or not text.isprintable() or len(text) > LONGEST:
        raise LeeboardError(f"{option}: say it in one line of at most {LONGEST} characters; it is kept")


def agreed(yes: bool, question: str, instead: str) -> bool:
    """Whether somebody agrees, by `--yes` or on the terminal. Raises LeeboardError, with `instead`, without one."""
    if yes:
        return True
    _terminal(f"nobody can be asked here; {instead}")
    return typer.confirm(question)


def secret(prompt: str, what: str, *, twice: bool = False) -> str:
    """A secret that somebody types without its being shown. Raises LeeboardError, with `what`, without a terminal."""
    _terminal(f"{what}, and nobody can be asked here; run this on a terminal")
    return str(typer.prompt(prompt, hide_input=True, confirmation_prompt=twice))


def _terminal(message: str) -> None:
    if not sys.stdin.isatty():
        raise LeeboardError(message)
