"""A captured machine for driver tests: a folder with files, and a stand-in for its commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, Host, HostError

PASSWD = (
    "root:x:0:0:root:/root:/bin/bash\n"
    "daemon:x:1:1::/usr/sbin:/usr/sbin/nologin\n"
    "ada:x:1000:1000::/home/ada:/bin/bash\n"
    "nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n"
)


def no_commands(argv: list[str], input: str, timeout: float, environment: Mapping[str, str]) -> Completed:
    """The runner of a machine on which no command is installed."""
    raise HostError("missing_tool", f"the command {argv[0]} is not installed")


class Answers:
    """A runner that answers by the first words found in a command, and keeps what it was asked in `asked`."""

    def __init__(self, answers: dict[str, Completed | Callable[[list[str]], Completed]]) -> None:
        self.answers = answers
        self.asked: list[list[str]] = []

    def __call__(self, argv: list[str], input: str, timeout: float, environment: Mapping[str, str]) -> Completed:
        self.asked.append(argv)
        for words, answer in self.answers.items():
            if words in " ".join(argv):
                return answer(argv) if callable(answer) else answer
        raise HostError("missing_tool", f"the command {argv[0]} is not installed")


def folder(root: Path, files: Mapping[str, str | None] | None = None, runner: Any = no_commands) -> Host:
    """A Host over `root` with `files` ({device path: text, or None for a link to /dev/null})."""
    for name, text in (files or {}).items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            path.symlink_to("/dev/null")
        else:
            path.write_text(text)
    return Host(root=str(root), runner=runner)


def effective(driver: Any, host: Host, address: str) -> dict[str, Any]:
    """The effective aspect of one address."""
    found: dict[str, Any] = driver.observe(host, [address])[address]["effective"]
    return found
