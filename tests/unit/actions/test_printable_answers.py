"""What a hostile device answers, on the terminal of whoever runs ansible-playbook: nothing there moves the cursor."""

from __future__ import annotations

import json
import shlex
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.plugin_utils.printable import printable, printable_answer

from tests.unit.playing import inventory, play

EVIL = "\x1b]0;yours\x07\x1b[2J\x9b31m\u202egnihton\r"
FAILS = {"failed": True, "msg": f"it broke {EVIL}"}
ANSWERS = {
    "warnings": json.dumps({"warnings": [f"listen {EVIL}"], **FAILS}),
    "warnings as they are": json.dumps({"warnings": [f"listen \x9b31m\u202e{EVIL}"], **FAILS}, ensure_ascii=False),
    "deprecations": json.dumps({"deprecations": [{"msg": f"listen {EVIL}", "version": "99.0"}], **FAILS}),
    "warnings that are none": json.dumps({"warnings": {"listen": EVIL}, **FAILS}),
    "a reserved key": json.dumps({f"_ansible_{EVIL}": 1, **FAILS}),
    "an exception": json.dumps({"exception": f"listen {EVIL}", **FAILS}),
    "junk behind it": json.dumps(FAILS) + f"\nlisten {EVIL}\n",
    "junk before it": f"listen {EVIL}\n" + json.dumps(FAILS),
    "a brace before it": f"{{ listen {EVIL}\n" + json.dumps({"warnings": [EVIL], **FAILS}),
    "a brace within junk": f"listen {{ {EVIL}\n"
    + json.dumps({"w\\u0061rnings": [EVIL], **FAILS}).replace("\\\\u", "\\u"),
    "junk alone": f"listen {EVIL}\n",
    "a number": json.dumps({"msg": 7, "failed": True}),
}


def python(folder: Path, answer: str) -> dict[str, str]:
    """An interpreter that answers each module so."""
    (folder / "answer").write_text(answer, encoding="utf-8", newline="")
    script = folder / "python"
    script.write_text(f"#!/bin/sh\ncat {shlex.quote(str(folder / 'answer'))}\n")
    script.chmod(0o755)
    return {"ansible_python_interpreter": str(script)}


def moves(output: str) -> set[str]:
    """The characters in an output that do more than stand there."""
    return {one for one in output if one != "\n" and unicodedata.category(one) in ("Cc", "Cf")}


def test_no_control_character_reaches_the_terminal(tmp_path: Path) -> None:
    hosts = {}
    for number, answer in enumerate(ANSWERS.values()):
        folder = tmp_path / f"pc{number}"
        folder.mkdir()
        hosts[folder.name] = python(folder, answer)
    task: dict[str, Any] = {"leeboard.schools.check": {}}
    done = play(tmp_path, inventory(tmp_path, **hosts), task, ANSIBLE_PIPELINING="1")
    assert done["status"] == 2
    assert all(f"[{name}]: FAILED!" in done["output"] for name in hosts), done["output"]
    assert moves(done["output"]) == set(), done["output"]


def test_only_what_is_shown_is_changed() -> None:
    raw = json.dumps({"observation": {"a": EVIL, "ä": "\u2028", "n": 1.5}, "warnings": [EVIL]})
    found = json.loads(printable_answer(f"a banner\r\n{raw}\r\n"))
    assert found["observation"] == {"a": EVIL, "ä": "\u2028", "n": 1.5}
    assert found["warnings"] == [printable(EVIL)] and moves(found["warnings"][0]) == set()
    plain = json.dumps({"warnings": ["no more than words"], "observation": "x\ty"})
    assert printable_answer(plain) == plain


@pytest.mark.parametrize("text", ["", "plain", "two\nlines\tand a tab", "Größe, 日本語, 🙂, a\u00a0b", "\ue000"])
def test_what_only_stands_there_is_left(text: str) -> None:
    assert printable(text) == text
    assert printable({"a": [text, (1, None, True)]}) == {"a": [text, [1, None, True]]}
