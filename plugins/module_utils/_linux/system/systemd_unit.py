"""What the running service manager says about a unit: whether it runs, and since when its configuration is loaded."""

from __future__ import annotations

from ..engine.host import Host, HostError
from ..engine.reading import Machine
from ..engine.safe_read import number
from .unit_conditions import unmet_condition
from .units_enabled import enabled, starters

# Every unit that a driver asks about: one question to the service manager answers for all of them.
UNITS = (
    "auditd.service",
    "ssh.service",
    "sshd.service",
    "systemd-logind.service",
    "systemd-journald.service",
    "systemd-timesyncd.service",
    "rsyslog.service",
    "systemd-journal-upload.service",
    "chrony.service",
    "ntpsec.service",
    "openntpd.service",
    "ntp.service",
    "ntpd-rs.service",
    "strongswan.service",
    "strongswan-starter.service",
    "polkit.service",
)
PROPERTIES = (
    "Id", "LoadState", "ActiveState", "UnitFileState", "StateChangeTimestamp", "MainPID", "ExecStart", "User", "Group",
    "SupplementaryGroups",
)  # fmt: skip
# States of a unit's file in which something starts it at boot; "enabled-runtime" is gone by then.
AT_BOOT = ("enabled", "generated", "alias")
# States in which a unit may do its work: one that starts again and again is "activating" most of the time.
RUNNING = ("active", "reloading", "refreshing", "activating", "deactivating")


def state(host: Machine, unit: str) -> tuple[bool, int | None]:
    """(active, since): whether a unit runs, and the time of its last start or reload in seconds since 1970, or None.

    A machine without a running systemd (a container, a captured folder) has no running units. Raises HostError.
    """
    fields = properties(host, unit)
    # A reload does not touch ActiveEnterTimestamp, but it leaves and enters the active state.
    return fields.get("ActiveState") == "active", number(fields.get("StateChangeTimestamp", "").lstrip("@"))


def properties(host: Machine, unit: str) -> dict[str, str]:
    """What `systemctl show` says of a unit: PROPERTIES by name, empty without a running systemd. Raises HostError."""
    if not host.exists("/run/systemd/system"):
        return {}
    wanted = [part for name in PROPERTIES for part in ("-p", name)]
    done = host.query(["systemctl", "show", "--timestamp=unix", *wanted, *UNITS])
    blocks = done.out.strip("\n").split("\n\n")  # one for each unit, in the order of the question
    if len(blocks) != len(UNITS):
        raise HostError("failed", f"systemctl show ended with status {done.rc}: {done.err.strip()[:200]}")
    return dict(line.split("=", 1) for line in blocks[UNITS.index(unit)].splitlines() if "=" in line)


class Service:
    """Whether a unit `runs` now, `starts` with the machine, and `why` it does not do both (empty when it does).

    What is good counts only where both hold. What is bad counts where either does: `counts`.
    """

    def __init__(self, runs: bool, starts: bool, why: str) -> None:
        self.runs = runs
        self.starts = starts
        self.why = why

    @property
    def counts(self) -> bool:
        """True when the unit does its work now, or will after the next start."""
        return self.runs or self.starts


def service(host: Host, unit: str) -> Service:
    """What a unit does now and after the next start. Raises HostError.

    A unit that is not switched on itself may be wanted by a link, or be started by a timer, socket or path that is:
    that is looked for only where systemd does not say so itself (systemctl(1), is-enabled). A timer may wait for a year
    and a path for ever, so what they start is not certain to do its work: it counts where it is bad, and not as good.
    Nor is what a condition in a drop-in keeps back.
    """
    fields = properties(host, unit)
    active, state = fields.get("ActiveState", "unknown"), fields.get("UnitFileState", "")
    runs = active in RUNNING
    if not fields or fields.get("LoadState") == "not-found":
        return Service(runs, False, f"{unit} is not there")
    for_now = state == "masked-runtime"  # by a link in /run, which is gone at the next start
    if state == "masked" or (fields.get("LoadState") == "masked" and not for_now):
        return Service(runs, False, f"{unit} is masked")
    certain = state in AT_BOOT or enabled(host, unit)
    starts = certain or bool(starters(host, unit))
    if for_now:
        return Service(runs, starts, f"{unit} is masked until the next start")
    if active != "active":
        return Service(runs, starts, f"{unit} does not run (it is {active})")
    reason = unmet_condition(host, unit) if certain else f"it is {state or 'not enabled'}"
    return Service(runs, starts, f"{unit} runs, and is not started at the next boot ({reason})" if reason else "")


def arguments(host: Host, unit: str) -> list[str]:
    """The words that a unit starts its program with, the program first; none where they are not known.

    Drop-ins may add some, so the service manager is asked. Raises HostError.
    """
    command = properties(host, unit).get("ExecStart", "")
    return command.partition("argv[]=")[2].partition(" ;")[0].split()


def note_if_older(host: Machine, unit: str, paths: list[str], name: str) -> str:
    """A sentence when a unit was last loaded before one of its files changed, else an empty text. Raises HostError."""
    active, since = state(host, unit)
    if not active or since is None:
        return ""
    for path in paths:
        try:
            changed = host.stat(path).st_mtime
        except FileNotFoundError:
            continue
        if changed >= since + 1:  # the service manager gives whole seconds
            return f"{name} was started before its configuration last changed; it takes effect at the next reload"
    return ""
