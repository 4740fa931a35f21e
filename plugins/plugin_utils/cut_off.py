"""Steps that could cut us off, under one checkpoint: arm, make them, come again over a new connection, and confirm.

Without that last word the device puts itself back. What each end means: docs/decisions/0028-checkpoint.md.
"""

from __future__ import annotations

import hashlib
import secrets
import socket
import time
from datetime import datetime, timedelta, timezone

from ansible.utils.display import Display
from ansible_collections.leeboard.schools.plugins.plugin_utils import answers, brain
from ansible_collections.leeboard.schools.plugins.plugin_utils.fresh_connection import (
    at_most,
    can_be_made,
    drop_shared,
    fresh,
)
from ansible_collections.leeboard.schools.plugins.plugin_utils.printable import printable
from ansible_collections.leeboard.schools.plugins.plugin_utils.visit import failure_message

if not brain.missing():
    from leeboard.model.values import plain
    from leeboard.storage.lock_owner import account

MODULES = {"linux": "leeboard.schools.checkpoint"}
HELD = ("armed", "putting-back")  # states that come to an end by themselves
STATES = ("none", *HELD, "confirmed", "back")
# Seconds.
PAUSE = 5  # between two tries
LONGEST_TRY = 60  # of one new connection, sign-in and become included
LONGEST_BACK = 300  # of a request to put back, which starts daemons again
MARGIN = 180  # after the device's own time, in which it puts back


class Clock:
    """The controller's clocks, and waiting."""

    monotonic = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)

    @staticmethod
    def now() -> datetime:
        return datetime.now(timezone.utc)


class Refused(Exception):
    """Nothing that could cut us off is changed; the text says why."""


class CutOff:
    """One checkpoint on the device of a visit. `connection` is the task's.

    After `make`, `end` says what became of the changes under it: "confirmed", "back" (they are not there any more),
    "unknown" (nobody has heard since), or None where none was made. `again` is true where the device was busy with a
    run of ours that broke off, and has put itself back: plan once more.
    """

    def __init__(self, visit, connection, clock=None) -> None:
        self._visit, self._connection, self._clock = visit, connection, clock or Clock
        self._module = MODULES.get(visit.device.platform.value)
        self.end = None
        self.again = False
        self._trouble = ""  # why the device could not be asked, the last time

    def preview(self, about: dict) -> tuple:
        """({driver: why it would be left out}, what refuses all of it, seconds until it puts itself back; 0: unknown).

        Changes nothing.
        """
        try:
            self._way_back()
            answer = self._arm(about, "0" * 64)
        except Refused as problem:
            return {}, str(problem), 0
        seconds = answer.get("seconds")
        return _words(answer.get("left_out")), "", seconds if type(seconds) is int and seconds > 0 else 0

    def make(self, about: dict, run) -> list:
        """Do `run` under a checkpoint that is about the steps, or the undo, of `about` (`of_steps`, `of_undo`).

        `run` takes {driver: why it is left out}, and returns (what failed, in words each; whether the device was lost).
        Returns what failed, in words each.
        """
        token = secrets.token_hex(32)
        try:
            self._way_back()
            answer = self._arm(about, hashlib.sha256(token.encode()).hexdigest())
        except Refused as problem:
            return [str(problem)]
        if self.again:
            return []
        left_out = _words(answer.get("left_out"))
        problems = list(left_out.values())
        state = state_of(answer, self._visit.run_id)
        if state.get("state") != "armed":
            unsaid = "the device did not say that its checkpoint is armed, so nothing was changed under it"
            return problems or [unsaid]
        seconds = _seconds(state)
        self._due = self._clock.monotonic() + seconds
        self._due_at = self._clock.now() + timedelta(seconds=seconds)
        try:
            return [*problems, *self._made(lambda: run(left_out), seconds, token)]
        finally:
            if not self._is_local:
                drop_shared(self._connection)  # it may lead nowhere by now, or round what was changed

    def _made(self, run, seconds: int, token: str) -> list:
        try:
            # A change can swallow its own answer: then nobody would end the wait for it.
            with at_most(seconds):
                failed, lost = run()
        except Exception as problem:  # whatever it is, the device is put back
            failed, lost = [f"lost after a change: {_line(problem)}"], True
        if failed or lost:
            return [*failed, self._back_at_once(lost or self._clock.monotonic() >= self._due)]
        return self._confirmed(token)

    # Before

    def _way_back(self) -> None:
        """Raises Refused where nobody could come back over a new connection."""
        if self._module is None:
            raise Refused("Leeboard has no checkpoint for this platform yet: nothing that could cut us off is changed")
        if can_be_made(self._connection) or (self._is_local and self._visit.terminal):
            return
        if self._is_local:
            raise Refused(
                "ansible_connection is local, which has no new connection to come back over: nothing that could cut "
                "us off is changed. Start it on a terminal, where somebody confirms, or come by ssh"
            )
        kind = plain(str(self._connection.transport), 40)
        raise Refused(
            f"a connection of kind {kind} signs nobody in anew, which would prove nothing: nothing that could cut us "
            "off is changed. Come by ssh"
        )

    @property
    def _is_local(self) -> bool:
        return self._connection.transport == "local"

    def _arm(self, about: dict, digest: str) -> dict:
        """The device's answer to arming. Raises Refused; sets `again` where the wait for a dead run of ours is over."""
        by = f"{account()} on {socket.gethostname()}"
        answer = self._ask(
            {"state": "armed", "run_id": self._visit.run_id, "token_digest": digest, "by": by, **about}, LONGEST_BACK
        )
        held = state_of(answer)
        run = str(held.get("run_id") or "")
        if held.get("state") in HELD and run != self._visit.run_id:
            if self._visit.recorded(run) and not self._visit.preview:
                # Its school's lock is ours now, so that run is dead.
                held = self._waited_for(held)
                self.again = held.get("state") not in HELD
            if self.again:
                return answer
            raise Refused(f"{holder(held, self._clock.now())}: nothing that could cut us off is changed")
        if answer.get("failed") or answer.get("unreachable"):
            why = failure_message(answer)
            raise Refused(f"no checkpoint could be armed, so nothing that could cut us off is changed: {why}")
        return answer

    def _waited_for(self, state: dict) -> dict:
        """The state when the device is done with a run that broke off, or its time and the margin are over."""
        end = self._clock.monotonic() + _seconds(state) + MARGIN
        while state.get("state") in HELD and self._clock.monotonic() < end:
            self._clock.sleep(PAUSE)
            state = state_of(self._request("read", LONGEST_TRY)) or state
        return state

    # After

    def _confirmed(self, token: str) -> list:
        state = self._by_a_person() if self._is_local else self._come_back("confirmed", token)
        self.end = _end(state)
        if self.end == "confirmed":
            return []
        if self._is_local:
            return [f"nobody confirmed in time; {self._what_became(state)}"]
        why = f" ({plain(self._trouble, 200)})" if self._trouble else ""
        return [f"could not be reached over a new connection{why}; {self._what_became(state)}"]

    def _by_a_person(self) -> dict:
        """Ask for a sign-in anew, and wait for whoever does it. Returns the state in the end."""
        name = printable(self._visit.device.name)
        Display().display(
            f"{name}: sign in anew, on a new terminal, and type: leeboard checkpoint confirm (or, as root, "
            f"leeboard-checkpoint confirm). Without that it is put back at {_time(self._due_at)}."
        )
        state: dict = {}
        while state.get("state") in (None, *HELD) and self._clock.monotonic() < self._due + MARGIN:
            self._clock.sleep(PAUSE)
            state = state_of(
                self._ask({"state": "read", "run_id": self._visit.run_id}, LONGEST_TRY), self._visit.run_id
            )
        return state

    def _back_at_once(self, lost: bool) -> str:
        """Have it put back now; what became of it, in words."""
        # What is there is used, where it answers: a new connection may be the very thing that no longer works.
        state = {} if lost else state_of(self._request("put_back", LONGEST_BACK), self._visit.run_id)
        if state.get("state") != "back" and can_be_made(self._connection):
            state = self._come_back("put_back")
        self.end = _end(state)
        if self.end == "back" and self._clock.monotonic() < self._due:
            return "what could cut us off was put back at once"
        return self._what_became(state)

    def _come_back(self, wanted: str, token: str = "") -> dict:
        """Ask over new connections until the checkpoint has come to an end, or its time and the margin are over."""
        state: dict = {}
        with fresh(self._connection):
            while True:
                request = {"state": wanted, "run_id": self._visit.run_id, **({"token": token} if token else {})}
                answer = self._ask(request, LONGEST_TRY if token else LONGEST_BACK)
                state = state_of(answer, self._visit.run_id) or state
                if state.get("state") in STATES and state["state"] not in HELD:
                    return state
                if self._clock.monotonic() >= self._due + MARGIN:
                    return state
                self._clock.sleep(PAUSE)

    def _what_became(self, state: dict) -> str:
        left = ", ".join(_texts(state.get("left")))
        if state.get("state") == "back":
            return f"put itself back at {_time(self._due_at)}" + (f", but for {left}" if left else "")
        if state.get("state") == "putting-back":
            return f"it is putting itself back, and tries each minute and at each start; left: {left or 'not said'}"
        if state.get("state"):
            return f"its checkpoint says {state['state']}; look at it with leeboard checkpoint status"
        return f"not reached since; it puts itself back at {_time(self._due_at)}, and at its next start"

    # The device

    def _request(self, state: str, seconds: int) -> dict:
        return self._ask({"state": state, "run_id": self._visit.run_id}, seconds)

    def _ask(self, arguments: dict, seconds: int) -> dict:
        """The answer of the module; words under `unreachable` where the way there failed in any manner."""
        with at_most(seconds):
            try:
                answer = self._visit.ask(self._module, arguments)
            except Exception as problem:  # of a connection or of sudo: it is tried again, and named in the end
                answer = {"unreachable": True, "msg": _line(problem)}
        if not state_of(answer):
            self._trouble = failure_message(answer)
        return answer


def of_steps(steps) -> dict:
    """What a checkpoint is about: these steps of a plan."""
    settings = ((step.driver, [change.as_argument() for change in step.changes]) for step in steps)
    return {"steps": [{"driver": driver, "settings": changes} for driver, changes in settings]}


def of_undo(run: str) -> dict:
    """What a checkpoint is about: what an undo of this run puts back."""
    return {"undo": run}


def holder(state: dict, now: datetime) -> str:
    """Who holds a checkpoint, and until when, in words."""
    by, run = plain(str(state.get("by") or "somebody"), 80), plain(str(state.get("run_id") or "not said"), 40)
    if state.get("state") == "putting-back":
        left = ", ".join(_texts(state.get("left")))
        return f"the device is putting back the run {run} of {by}" + (f" (left: {left})" if left else "")
    until = _time(now + timedelta(seconds=_seconds(state)))
    return f"the run {run} of {by} holds the device's checkpoint until {until}"


def told(state: dict, now: datetime) -> str:
    """How a checkpoint stands, in one line."""
    if state["state"] in HELD:
        drivers = ", ".join(_texts(state.get("drivers")))
        return holder(state, now) + (f"; it is about {drivers}" if drivers else "")
    by, run = plain(str(state.get("by") or "somebody"), 80), plain(str(state.get("run_id") or "not said"), 40)
    ends = {"confirmed": "was confirmed", "back": "was put back"}
    last = ends.get(state["state"])
    return "no checkpoint is held" + (f"; the last one, run {run} of {by}, {last}" if last else "")


def state_of(answer: dict, run: str = "") -> dict:
    """What an answer says of the checkpoint; empty where it says nothing, or not of this run."""
    state = answer.get("checkpoint")
    if not isinstance(state, dict) or state.get("state") not in STATES:
        return {}
    return state if not run or state.get("run_id") in (run, None, "") or state["state"] == "none" else {}


def _end(state: dict) -> str:
    known = {"confirmed": "confirmed", "back": "back"}
    return known.get(str(state.get("state")), "unknown")


def _seconds(state) -> int:
    """The seconds that a device still waits; 0 for what makes no sense."""
    seconds = state.get("seconds_left") if isinstance(state, dict) else None
    return min(max(int(seconds), 0), 3600) if isinstance(seconds, (int, float)) else 0


def _words(value) -> dict:
    """Drivers with the reasons that the device gives for leaving them out, which begin with the driver."""
    named = value if isinstance(value, dict) else {}
    found = {plain(str(driver), 40): plain(str(why), 500) for driver, why in list(named.items())[:50]}
    return {driver: answers.of_driver(driver, why) for driver, why in found.items()}


def _texts(value) -> list:
    return [plain(str(one), 200) for one in value[:50]] if isinstance(value, list) else []


def _line(problem: Exception) -> str:
    """An error in one line."""
    return plain(" ".join(str(problem).split()), 300)


def _time(at: datetime) -> str:
    return f"{at:%H:%M} UTC"
