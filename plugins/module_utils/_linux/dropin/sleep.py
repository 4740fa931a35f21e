"""What becomes of sleep.conf's and logind's settings where somebody masked the targets of sleep (systemctl mask).

A masked sleep.target stops every kind of sleep: each systemd-KIND.service requires it (systemd 257). Whoever asks for a
sleep that is masked gets nothing: the machine stays on, and its keys stay in memory.
"""

from __future__ import annotations

from ..engine.reading import Aspect, Machine, value
from ..engine.safe_read import is_null
from .journald import InEffect, Rule

UNITS = "/etc/systemd/system"
ANY_SLEEP = "sleep.target"
KINDS = ("suspend", "hibernate", "hybrid-sleep", "suspend-then-hibernate")
# All but hibernation keep the memory powered.
IN_MEMORY = tuple(kind for kind in KINDS if kind != "hibernate")


def _masked(host: Machine, *kinds: str) -> str:
    """The target whose mask stops all of these kinds of sleep, empty where one of them can be started."""
    if is_null(host, f"{UNITS}/{ANY_SLEEP}"):
        return ANY_SLEEP
    targets = [f"{kind}.target" for kind in kinds]
    return targets[0] if all(is_null(host, f"{UNITS}/{target}") for target in targets) else ""


def _allowed(host: Machine, aspect: Aspect) -> Aspect:
    stopped = _masked(host, *IN_MEMORY)
    return {**aspect, **value("no", f"{stopped} is masked, so no sleep is possible", "string")} if stopped else aspect


def _done_by(default: str) -> InEffect:
    """A function that says what a key of logind really does; `default` is what it does where it is not set."""

    def in_effect(host: Machine, aspect: Aspect) -> Aspect:
        setting = aspect.get("value", default)
        stopped = _masked(host, setting) if setting in KINDS else ""
        if not stopped:
            return aspect
        source = f"{aspect['source']}: {setting} does nothing, since {stopped} is masked"
        return {**aspect, **value("ignore", source, "string")}

    return in_effect


def _rule(in_effect: InEffect) -> Rule:
    return Rule(lambda _text: True, in_effect, lambda wanted: wanted)


RULES = {
    "systemd/sleep.conf:Sleep.AllowSuspend": _rule(_allowed),
    "systemd/logind.conf:Login.HandleLidSwitch": _rule(_done_by("suspend")),
    # Not set, it does what HandleLidSwitch does.
    "systemd/logind.conf:Login.HandleLidSwitchExternalPower": _rule(_done_by("")),
    "systemd/logind.conf:Login.HandleSuspendKey": _rule(_done_by("suspend")),
}
