"""Both sides of the audit rules at once: what the kernel holds, and what a restart would bring back."""

from __future__ import annotations

from ..engine import reading
from ..engine.safe_read import text_or_nothing
from . import cover, files, kernel, start
from .cover import Answer, Rules
from .rule import BadLine, Machine, Rule, options, read

DAEMON = "auditd.service"
# What the rule for a program with special rights is: what setuid programs people start.
PROGRAM = "-F path={} -F perm=x -F auid>=1000 -F auid!=unset -F key=privileged"
LOG = "-F path={} -F perm=wa -F key=sudo_log_file"


class State:
    """Read once for all addresses. Raises HostError where a side cannot be read.

    `host` may be an OverlayHost, the machine as it will be; the kernel is always asked as it is.
    """

    def __init__(self, host: reading.Machine, kernel_host: reading.Machine | None = None) -> None:
        kernel_of = kernel_host or host
        self.created = files.created_at_start(host)
        self.machine = kernel.machine(kernel_of, self.created)
        self.files = files.load(host, self.machine, self.created)
        self.on_disk = Rules(self.files.rules)
        self.kernel = kernel.status(kernel_of, self.machine)
        self.loaded = Rules(self.kernel.rules)
        self.not_loaded = start.not_loaded(host)
        # auditd 4 has a unit of its own for the rules, and does not start when that fails.
        path = start.file_of(host, DAEMON)
        unit = (text_or_nothing(host, path) or "") if path else ""
        self.daemon_needs_rules = any(
            line.startswith(("Requires=", "BindsTo=")) and "audit-rules.service" in line for line in unit.splitlines()
        )

    @property
    def locked(self) -> bool:
        """True when the kernel takes no change before the next restart."""
        return self.kernel.enabled == 2

    def after_restart(self, wanted: Rule) -> Answer:
        """Whether what is wanted would be recorded after a restart."""
        answer = cover.answer(wanted, self.on_disk, self.machine)
        stopped = self.files.stopped and self.daemon_needs_rules
        if self.files.wrong and (answer.missing or stopped):
            answer.missing = f"{self.files.wrong}; " + (
                "auditd would not start" if stopped else "auditctl stops there and loads nothing that follows"
            )
        elif not answer.missing and self.not_loaded:
            answer.missing = self.not_loaded
        elif not answer.missing and self.files.enabled == 0:
            answer.missing = f"{self.files.enabled_place} switches auditing off"
        return answer

    def now(self, wanted: Rule) -> Answer:
        """Whether what is wanted is recorded at this moment."""
        answer = cover.answer(wanted, self.loaded, self.machine)
        if self.kernel.off_at_start:
            answer.missing = "the machine was started with audit=0, so nothing is recorded"
        elif self.kernel.enabled == 0:
            answer.missing = "auditing is switched off in the kernel (enabled 0)"
        return answer


def wanted_rule(address: str, machine: Machine, bits: str = "") -> Rule:
    """The rule that an address asks for, on each architecture (or one of them), with the system calls that it has.

    `calls` is empty where the machine has none of them. Raises BadLine.
    """
    result = None
    for architecture in [bits] if bits else list(machine.calls):
        text = rule_text(address, machine, architecture)
        if text:
            rule = read(text, machine)
            if result is None:
                result = rule
            else:
                result.calls.update(rule.calls)
    return result or Rule()


def rule_text(address: str, machine: Machine, bits: str) -> str:
    """The line of a file for an address on one architecture, or an empty text where it has none of the system calls."""
    named = [argument for option, argument in options(address) if option == "-S"]
    if not named:
        return f"-a always,exit -F arch={bits} {address}"
    known = [name for name in ",".join(named).split(",") if name == "all" or name in machine.calls[bits]]
    fields = " ".join(f"{option} {argument}" for option, argument in options(address) if option != "-S")
    return f"-a always,exit -F arch={bits} -S {','.join(known)} {fields}" if known else ""


def program_rule(path: str) -> str:
    """The address of the rule for one setuid program. Blanks are written as auditctl wants them."""
    return PROGRAM.format(_escaped(path))


def log_rule(path: str) -> str:
    """The address of the rule for changes to one log file of sudo."""
    return LOG.format(_escaped(path))


def _escaped(path: str) -> str:
    return path.replace("\\", "\\\\").replace(" ", "\\ ")


def is_address(text: str) -> bool:
    """True for the text of one rule of the list exit, without its action and its architecture."""
    try:
        arguments = options(text)
    except BadLine:
        return False
    options_used = {option for option, _argument in arguments}
    named = [argument for option, argument in arguments if option == "-F"]
    return bool(arguments) and options_used <= {"-F", "-C", "-S"} and not any(one.startswith("arch") for one in named)
