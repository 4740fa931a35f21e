"""The one family of errors that Leeboard raises for what a person can mend."""

from __future__ import annotations


class LeeboardError(Exception):
    """What is wrong, where (file, line, key or device), and what to do next. Shown as one line, without a traceback."""
