"""Questions on the terminal. A script that nobody watches is told what to give instead, and nothing is done."""

from __future__ import annotations

import sys

import typer

from leeboard.errors import LeeboardError


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
