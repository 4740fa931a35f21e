"""Try sign-in with a throw-away account: the right password is let in, wrong ones until none is, and then it is again.

For each service that asks for a password, through libpam, before a change and after it. Only a difference counts: a
service that does not let this account in anyhow says nothing. libpam and what it loads runs in a child of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import signal
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from ..engine.edits import ChangeRefused
from ..engine.host import Host, HostError
from ..engine.reading import Readings
from . import account

SECONDS = 90  # of one trial; a way in that hangs is one that lets nobody in


class Outcome(NamedTuple):
    """What one service answered: to the right password, to a wrong one (one of several), to the right one after those,
    and to the right one once the count was reset. All are false where it did not let the account in at all."""

    service: str
    right: bool
    wrong: bool
    locked: bool
    again: bool


class SignInTrial:
    """The trial of a change: `before` it and `after` it, with as many wrong passwords as it takes."""

    def __init__(self, host: Host, services: list[str], tries: int, tallies: list[str]) -> None:
        self._host = host
        self._services = services
        self._tries = tries
        self._tallies = tallies
        self._before: list[Outcome] = []

    def before(self) -> None:
        """See how the machine answers now. Raises ChangeRefused where that proves nothing, HostError."""
        self._before = self._outcomes(1)
        open_to_all = [one.service for one in self._before if one.wrong]
        if open_to_all:
            raise ChangeRefused(f"sign-in by {open_to_all[0]} lets in whoever gives a wrong password: mend that first")
        if not any(one.right for one in self._before):
            raise ChangeRefused(
                "no way in lets a new local account in with its password, so a change of PAM could not be tried here: "
                + ", ".join(self._services)
            )

    def after(self, _readings: Readings) -> str:
        """Why sign-in is not what it must be now, in words, or an empty text."""
        try:
            return difference(self._before, self._outcomes(self._tries), self._tries)
        except (HostError, ChangeRefused, OSError) as problem:
            return f"sign-in could not be tried after the change: {problem}"

    def _outcomes(self, tries: int) -> list[Outcome]:
        with account.thrown_away(self._host) as password:
            places = [self._host.path(f"{folder}/{account.NAME}") for folder in self._tallies]
            try:
                return outcomes(self._services, account.NAME, password, tries, places)
            finally:
                forget(places)


def outcomes(
    services: list[str], name: str, password: str, tries: int, tallies: list[str], folder: str = ""
) -> list[Outcome]:
    """What each service answers. `tallies` are the files that count this name's failures. Raises HostError."""

    def play() -> list[Outcome]:
        from .libpam import Pam

        pam = Pam(folder)
        wrong = secrets.token_urlsafe(24)
        return [_one(pam.lets_in, service, name, (password, wrong), tries, tallies) for service in services]

    return [Outcome(*one) for one in in_child(play, SECONDS)]


def _one(
    lets_in: Callable[[str, str, str], bool],
    service: str,
    name: str,
    passwords: tuple[str, str],
    tries: int,
    tallies: list[str],
) -> Outcome:
    right, wrong = passwords
    forget(tallies)
    if not lets_in(service, name, right):
        return Outcome(service, False, lets_in(service, name, wrong), False, False)
    let_wrong_in = any([lets_in(service, name, wrong) for _ in range(tries)])  # noqa: C419  each is tried
    locked = lets_in(service, name, right)
    forget(tallies)
    again = lets_in(service, name, right)
    forget(tallies)
    return Outcome(service, True, let_wrong_in, locked, again)


def difference(before: list[Outcome], after: list[Outcome], tries: int) -> str:
    """Why `after` is not what a guessing limit makes of `before`, in words, or an empty text."""
    for old, new in zip(before, after):  # noqa: B905  Python 3.10 has `strict`
        way = f"sign-in by {new.service}"
        if old.right and not new.right:
            return f"{way} refused the right password"
        if new.wrong and not old.wrong:
            return f"{way} let a wrong password in"
        if old.right and new.locked:
            return f"{way} still let in after {tries} wrong passwords"
        if old.right and not new.again:
            return f"{way} stayed shut once its count was reset"
    return ""


def forget(tallies: list[str]) -> None:
    """Reset the count of failures: pam_faillock takes an absent file for none."""
    for path in tallies:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def in_child(work: Callable[[], Any], seconds: float) -> Any:
    """What `work` returns, as JSON has it, from a child process that is ended after `seconds`. Raises HostError."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _child(work, reading, writing)
    os.close(writing)
    try:
        text = _until_its_end(reading, time.monotonic() + seconds)
    finally:
        os.close(reading)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    if text is None:
        raise HostError("timeout", f"sign-in gave no answer within {seconds:.0f} s")
    try:
        answer = json.loads(text)
    except ValueError:
        raise HostError("failed", "PAM ended the process that tried sign-in") from None
    if "failed" in answer:
        raise HostError("failed", f"sign-in could not be tried: {answer['failed']}")
    return answer["found"]


def _child(work: Callable[[], Any], reading: int, writing: int) -> None:
    """The child's whole life: modules of PAM may print, wait, and start others."""
    try:
        os.setsid()
        os.close(reading)
        nothing = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(nothing, standard)
        try:
            answer = {"found": work()}
        except Exception as problem:
            answer = {"failed": f"{type(problem).__name__}: {problem}"[:300]}
        os.write(writing, json.dumps(answer).encode())
    finally:
        os._exit(0)


def _until_its_end(handle: int, deadline: float) -> bytes | None:
    """All that comes until the other end is closed; None where that takes too long."""
    parts: list[bytes] = []
    while True:
        ready, _, _ = select.select([handle], [], [], max(deadline - time.monotonic(), 0))
        if not ready:
            return None
        part = os.read(handle, 65536)
        if not part:
            return b"".join(parts)
        parts.append(part)
