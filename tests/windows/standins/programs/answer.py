"""Answer one request of stub.c: `answer.py ID`, which lies in ../calls/ID.

Every call is logged in ../calls.jsonl before anything else. Then state/behaviour.json may make the program misbehave:

    {"auditpol": {"mode": "hang", "when": "/backup"}}

| mode | what the program does |
|---|---|
| hang | never answers; whoever started it has to end it |
| slow | answers after `seconds` |
| fail | does nothing, prints `text` to standard error and ends with `code` (default 1) |
| silent | does nothing, prints nothing and ends with `code` (default 0) |
| rubbish | does its work, but every text and file it gives is noise; ends with `code` (default 0) |
| huge | does its work, then goes on printing for `megabytes` |

`when` limits it to calls whose arguments hold that text, in any case.
"""

import importlib
import json
import sys
import time
import traceback
from pathlib import Path

from call import Answer, Call

NOISE = bytes(range(256)) * 4


def main() -> None:
    home = Path(__file__).resolve().parent.parent
    folder = home / "calls" / sys.argv[1]
    call = Call(home, folder)
    call.log()
    try:
        answer = behave(call, call.state("behaviour").get(call.program, {}))
    except Exception:  # a slip in a stand-in must show in the test, not hang it
        answer = Answer(250, err=traceback.format_exc().encode())
    if answer is not None:
        give(folder, answer)


def behave(call: Call, behaviour: dict) -> Answer | None:
    """The answer, after misbehaving as asked; None for no answer at all."""
    if behaviour.get("when", "").lower() not in " ".join(call.arguments).lower():
        behaviour = {}
    mode = behaviour.get("mode")
    if mode == "hang":
        return None
    if mode == "fail":
        return Answer(behaviour.get("code", 1), err=behaviour.get("text", "").encode(call.console))
    if mode == "silent":
        return Answer(behaviour.get("code", 0))
    if mode == "slow":
        time.sleep(behaviour.get("seconds", 5))
    answer = importlib.import_module(call.program).main(call)
    if mode == "rubbish":
        for written in call.written:
            written.write_bytes(NOISE)
        return Answer(behaviour.get("code", 0), NOISE, b"")
    if mode == "huge":
        answer.out += b"x" * 1024 * 1024 * behaviour.get("megabytes", 32)
    return answer


def give(folder: Path, answer: Answer) -> None:
    """Leave the answer for stub.c; `answer` comes last and in one piece, since stub.c waits for it."""
    (folder / "out").write_bytes(answer.out)
    (folder / "err").write_bytes(answer.err)
    (folder / "request").unlink()
    (folder / "input").unlink(missing_ok=True)
    with (folder.parent.parent / "calls.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps({"id": folder.name, "code": answer.code}) + "\n")
    (folder / "answering").write_text(str(answer.code), encoding="ascii")
    (folder / "answering").rename(folder / "answer")


main()
