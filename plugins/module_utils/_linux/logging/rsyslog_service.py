"""Whether rsyslog sends messages away: it runs, gets them from journald, and has what it needs to send them.

What its configuration says is read in logging/rsyslog.py.
"""

from __future__ import annotations

from ..dropin.systemd import effective
from ..engine.host import Host, HostError
from ..engine.reading import Aspect, Machine
from ..engine.safe_read import first_of
from ..system.kernel import boot_option
from ..system.systemd_unit import arguments, note_if_older, properties, service
from ..system.tls_files import Who
from . import rsyslog
from .forwarders import MODULES, NOTHING, Sending, Ways, unit_place
from .rainerscript import MAIN, Configuration, Parameters

UNIT = "rsyslog.service"
TRUE = ("", "1", "yes", "y", "true", "t", "on")  # a word of the kernel's command line without a value is a yes
# journald keeps what is above its level from rsyslog: with any other one, messages are missing.
LEVELS = ("info", "debug", "6", "7")


def look(host: Host, ways: Ways) -> None:
    """Add what rsyslog sends to `ways`. Raises HostError."""
    unit = service(host, UNIT)
    if unit.why:
        ways.reasons.append(unit.why)
    if not unit.counts:
        return
    path = main_file(host)
    found = rsyslog.read(host, path)
    wrong = rsyslog.complaint(host, path)
    if wrong:
        raise HostError("malformed", f"rsyslogd does not take its configuration as it stands: {wrong}")
    for one in found.sendings:
        _without_effect(host, one, ways)
        one.place = unit_place(one.place, unit.why)
    ways.sendings += found.sendings
    fed, note = fed_by(host, found.found)
    if not fed:
        complete = rsyslog.complete(found.sendings)
        if unit.why:
            ways.others += complete
        else:
            ways.complete += complete
        if not complete:
            some = f"{found.sendings[0].place} sends away some messages only" if found.sendings else ""
            lost = f"messages are thrown away at {found.lost[0]}" if found.lost else ""
            said = "; ".join(part for part in (some, lost) if part)
            ways.reasons.append(said or f"{path} and its parts send nothing away")
    else:
        ways.reasons.append(fed)
    watched = [*found.found.paths, *found.found.folders]
    for one in found.sendings:
        one.who = dropped_to(host, found.found.globals)
        watched += [path for path in (one.ca, one.certificate, one.key) if path]
    older = note_if_older(host, UNIT, watched, "rsyslog")
    ways.note = older or note
    if unit.runs and not older:
        from .connections import strangers  # only for a daemon that runs

        # Otherwise where it sends now is what its files said before: pending, and no stranger.
        for one in strangers(host, properties(host, UNIT).get("MainPID", ""), found.found, found.sendings):
            ways.sendings.append(one)
            ways.others.append(one.target)


def main_file(host: Host) -> str:
    """The file that rsyslogd starts with."""
    words = arguments(host, UNIT)
    for at, word in enumerate(words):
        if word.startswith("-f"):
            return word[2:] or (words[at + 1] if at + 1 < len(words) else MAIN)
    return MAIN


def _without_effect(host: Host, one: Sending, ways: Ways) -> None:
    """A driver that is not there, or that knows no such mode, sends nothing: rsyslogd starts all the same."""
    module = MODULES.get(one.driver)
    if module and not module_file(host, module):
        one.driver = f"{one.driver} without its module {module}"
    elif module or one.driver in ("udp", *rsyslog.OTHER_SENDERS) or (one.driver == "ptcp" and one.mode == 0):
        return
    one.certain = NOTHING
    ways.reasons.append(f"{one.place} cannot send: it names the driver {one.driver} with mode {one.mode}")


def module_file(host: Host, name: str) -> str:
    """Where a module of rsyslog lies, below the folder of the machine's architecture; empty when it is not there."""
    folders = ["/usr/lib/rsyslog", "/usr/lib64/rsyslog"]
    folders += [f"/usr/lib/{entry}/rsyslog" for entry in host.entries("/usr/lib") if "-linux-" in entry]
    # A module of another architecture cannot be loaded: the one that counts lies beside the others of this daemon.
    return first_of(host, tuple(f"{folder}/{name}" for folder in folders if host.exists(f"{folder}/imuxsock.so")))


def fed_by(host: Machine, found: Configuration) -> tuple[str, str]:
    """(why rsyslog gets no messages, or an empty text; a note when journald is older than its configuration)."""
    loaded = {str(module.get("load", "")).rpartition("/")[2].removesuffix(".so") for module in found.modules}
    if "imjournal" in loaded:
        return "", ""
    if "imuxsock" not in loaded:
        return "rsyslog loads neither imuxsock nor imjournal, so it gets no messages of this device", ""
    if _deaf(found):
        return "rsyslog does not listen for this device's own messages (SysSock.Use or $OmitLocalLogging)", ""
    if "imklog" not in loaded:
        # journald hands on what programs say, and not what the kernel says.
        return "rsyslog does not load imklog, so messages of the kernel and its firewall stay on this device", ""
    forward = effective(host, "systemd/journald.conf:Journal.ForwardToSyslog")
    level = effective(host, "systemd/journald.conf:Journal.MaxLevelSyslog")
    note = forward.get("note", "")
    at_start = boot_option(host, "systemd.journald.forward_to_syslog")
    for said, where in _values(forward, "no", at_start):
        if said not in TRUE:
            return f"journald hands nothing to rsyslog (ForwardToSyslog={said}, {where})", note
    for most, where in _values(level, "debug", boot_option(host, "systemd.journald.max_level_syslog")):
        if most not in LEVELS:
            return f"journald hands messages up to {most} only to rsyslog (MaxLevelSyslog, {where})", note
    return "", note


def _values(aspect: Aspect, usual: str, at_start: str | None) -> list[tuple[str, str]]:
    """(value in small letters, where it stands) now and after the next start; the kernel's command line comes first."""
    if at_start is not None:
        return [(str(at_start).lower(), aspect["source"])]
    later = [(other["value"], other["who"]) for other in aspect.get("others", [])]
    found = [(aspect.get("value"), aspect["source"]), *later]
    return [(str(usual if said is None else said).lower(), where) for said, where in found]


def _deaf(found: Configuration) -> bool:
    """True when imuxsock is told not to open the socket by which journald hands messages on."""
    uses = [str(module.get("syssock.use", "on")).lower() for module in found.modules]
    return "off" in uses or str(found.globals.get("omitlocallogging", "off")).lower() in ("on", "1", "yes")


def dropped_to(host: Host, settings: Parameters) -> Who | None:
    """The account that rsyslogd becomes after its start (Ubuntu's does); None for root."""
    name = str(settings.get("privdroptouser", settings.get("privdrop.user.name", "")))
    group = str(settings.get("privdroptogroup", settings.get("privdrop.group.name", "")))
    return Who(host, name, [group]) if name and name != "root" else None
