"""A double of a device with a checkpoint, by its contract (docs/decisions/0028-checkpoint.md), and of what leads to it.

It shares no code with the device's: its time is that of the double clock, and its state one word.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from ansible.errors import AnsibleConnectionFailure

RUN, OTHER = "20261201T020000Z-0000aaaa", "20261201T015900Z-0000bbbb"
MODULES = {"linux": "leeboard.schools.checkpoint", "windows": "leeboard.schools.win_checkpoint"}
MODULE = MODULES["linux"]
START = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)


class DoubleClock:
    """Clocks that stand still until somebody waits."""

    def __init__(self) -> None:
        self.passed = 0.0

    def monotonic(self) -> float:
        return self.passed

    def now(self) -> datetime:
        return START + timedelta(seconds=self.passed)

    def sleep(self, seconds: float) -> None:
        self.passed += seconds


class DoubleConnection:
    """What is used of Ansible's connection: its kind and its options; `reset` counts."""

    def __init__(self, transport: str = "ssh") -> None:
        self.transport = transport
        self.options: dict[str, Any] = {
            "ssh_args": "-o ControlPersist=60s -o ControlPath=/shared",
            "ssh_extra_args": None,
        }
        self.resets = self.closes = 0

    def get_option(self, name: str) -> Any:
        return self.options[name]

    def set_option(self, name: str, value: Any) -> None:
        self.options[name] = value

    def reset(self) -> None:
        self.resets += 1

    def close(self) -> None:
        self.closes += 1

    @property
    def is_new(self) -> bool:
        if self.transport != "ssh":
            return self.resets > 0
        first = self.options["ssh_args"].split("ControlPath=")[1].split()[0]
        return first == "none" and str(self.options["ssh_extra_args"]).endswith("-S none")


@dataclass
class DoubleDevice:
    """The device, its module `checkpoint`, and the visit that asks it. `asked` keeps what was asked, and over what."""

    clock: DoubleClock = field(default_factory=DoubleClock)
    connection: DoubleConnection = field(default_factory=DoubleConnection)
    holds: int = 240  # seconds
    left_out: dict[str, str] = field(default_factory=dict)
    arming_fails: str = ""
    new_from: float = 0  # when new connections work again, on the clock
    old_works: bool = True
    stays: list[str] = field(default_factory=list)  # what never is back
    recorded_runs: tuple[str, ...] = ()
    run_id: str = RUN
    terminal: bool = False
    preview: bool = False
    platform: str = "linux"
    confirms_at: float | None = None  # when a person does, at the device
    state: str = "none"
    holder: str = ""
    by: str = ""
    due: float = 0
    digest: str = ""
    about: list[str] = field(default_factory=list)  # the drivers, or the run that is undone
    asked: list[tuple[str, bool]] = field(default_factory=list)

    @property
    def device(self) -> Any:
        return SimpleNamespace(name="pc1", platform=SimpleNamespace(value=self.platform))

    def recorded(self, run: str) -> bool:
        return run in self.recorded_runs

    def variable(self, _name: str) -> Any:
        return None

    def held_by(self, run: str, by: str, seconds: int) -> DoubleDevice:
        """With a checkpoint that somebody armed before."""
        self.state, self.holder, self.by, self.due = "armed", run, by, self.clock.passed + seconds
        return self

    def ask(self, module: str, arguments: dict[str, Any]) -> dict[str, Any]:
        assert module == MODULES[self.platform]
        wanted = arguments["state"]
        self.asked.append((wanted, self.connection.is_new))
        if self.connection.is_new and self.clock.passed < self.new_from:
            raise AnsibleConnectionFailure("Connection timed out")
        if not self.connection.is_new and not self.old_works:
            return {"unreachable": True, "msg": "it is silent"}
        self._pass_time()
        answer = getattr(self, f"_{wanted}")(arguments)
        answer.setdefault("checkpoint", self._told())
        return dict(answer)

    def _pass_time(self) -> None:
        if self.state == "armed" and self.confirms_at is not None and self.clock.passed >= self.confirms_at:
            self.state = "confirmed"
        if self.state in ("armed", "putting-back") and self.clock.passed >= self.due:
            self.state = "putting-back" if self.stays else "back"

    def _told(self) -> dict[str, Any]:
        left = max(0, int(self.due - self.clock.passed)) if self.state == "armed" else 0
        return {
            "state": self.state, "run_id": self.holder, "by": self.by, "drivers": ["sshd"], "seconds_left": left,
            "left": self.stays if self.state == "putting-back" else [],
        }  # fmt: skip

    def _armed(self, arguments: dict[str, Any]) -> dict[str, Any]:
        if self.state in ("armed", "putting-back"):
            return {"failed": True, "msg": "held"}
        if self.arming_fails:
            return {"failed": True, "msg": self.arming_fails}
        drivers = [step["driver"] for step in arguments.get("steps", [])] or [arguments["undo"]]
        stay = [driver for driver in drivers if driver not in self.left_out]
        if stay and not self.preview:
            self.about = stay
            self.held_by(arguments["run_id"], arguments["by"], self.holds)
            self.digest = arguments["token_digest"]
        return {"changed": bool(stay), "left_out": self.left_out, "seconds": self.holds}

    def _confirmed(self, arguments: dict[str, Any]) -> dict[str, Any]:
        if self.state != "armed":
            return {"failed": True, "msg": "too late"}
        if hashlib.sha256(arguments["token"].encode()).hexdigest() != self.digest:
            return {"failed": True, "msg": "the token is another one"}
        self.state = "confirmed"
        return {"changed": True}

    def _put_back(self, _arguments: dict[str, Any]) -> dict[str, Any]:
        if self.state == "armed":
            self.state = "putting-back" if self.stays else "back"
        return {"changed": True}

    def _read(self, _arguments: dict[str, Any]) -> dict[str, Any]:
        return {"changed": False}


class OneModuleDevice(DoubleDevice):
    """A device as the inventory has it (`read`), with one module beside the checkpoint's: it takes what it is told.

    `order` has when that was asked, and how the checkpoint was then.
    """

    module = ""
    read: Any

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.order: list[tuple[str, str]] = []

    @property
    def device(self) -> Any:
        return self.read

    def observe(self) -> dict[str, Any]:
        return {"outcome": "observed", "message": "", "identity": "same", "findings": [], "changes": []}

    def rehearse(self, _module: str, _arguments: dict[str, Any]) -> dict[str, Any]:
        return {"changed": True}

    def ask(self, module: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if module == MODULES[self.platform]:
            return super().ask(module, arguments)
        assert module == self.module
        self.order.append((self.module, self.state))
        if not self.preview:
            self.takes(arguments["settings"])
        return {"changed": True, "before": {}, "after": {}, "diff": []}

    def takes(self, settings: list[dict[str, Any]]) -> None:
        """Be as the module is told to make it."""
        raise NotImplementedError
