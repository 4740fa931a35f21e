"""What a device says, made fit to be shown: Ansible prints messages, warnings and diffs to the terminal as they are.

A control character there moves the cursor, renames the window or hides a line; one of direction turns words round.
"""

from __future__ import annotations

import json
import re
import unicodedata

from ansible.plugins.action import ActionBase

# Of a module's answer: what Ansible shows by itself, or its callbacks.
SHOWN = ("warnings", "deprecations", "exception")
JSON_BEGINS = re.compile(r"(?m)^\s*\{")  # as Ansible finds it
ESCAPES = re.compile(r"\\[ubfr]")  # by which JSON says a character that may be one of control


class PrintableAction(ActionBase):
    """An action whose device gets nothing onto the terminal that a line of text cannot hold."""

    def _parse_returned_data(self, res, *arguments, **options):
        return super()._parse_returned_data({**res, "stdout": printable_answer(res["stdout"])}, *arguments, **options)

    @staticmethod
    def _printable_result(result: dict) -> dict:
        """The task's result with a message and a diff that can be shown."""
        return {**result, **{key: printable(result[key]) for key in ("msg", "diff") if key in result}}


def printable(value):
    """The value with every control character of its texts escaped, but for line ends and tabs."""
    if isinstance(value, str):
        return "".join(one if _stands(one) else _escaped(one) for one in value)
    if isinstance(value, dict):
        return {printable(key): printable(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [printable(inner) for inner in value]
    return value


def printable_answer(stdout: str) -> str:
    """What a module printed, without control characters where Ansible shows them: in warnings, and around the JSON.

    All other values are as they were.
    """
    text = stdout
    if not "".join(stdout.split()).isprintable():
        # JSON has no control characters as such, and reads these escapes; around it they are text that says the same.
        text = "".join(one if _stands(one) or one == "\r" else _json_escaped(one) for one in stdout)
    elif not ESCAPES.search(stdout) and "\r" not in stdout.replace("\r\n", "\n"):
        return stdout
    begin = JSON_BEGINS.search(text)
    try:
        answer, end = json.JSONDecoder().raw_decode(text, begin.end() - 1 if begin else 0)
    except (ValueError, RecursionError):
        return text
    junk = text[end:].strip()
    if not isinstance(answer, dict) or not (junk or any(key in answer for key in SHOWN)):
        return text
    answer = {key: printable(value) if key in SHOWN else value for key, value in answer.items()}
    return "\n".join((json.dumps(answer), printable(junk)))


def _stands(one: str) -> bool:
    return one in "\n\t" or one.isprintable() or unicodedata.category(one) in ("Zs", "Co", "Cn")


def _escaped(one: str) -> str:
    return ascii(one)[1:-1]


def _json_escaped(one: str) -> str:
    return json.dumps(one)[1:-1]
