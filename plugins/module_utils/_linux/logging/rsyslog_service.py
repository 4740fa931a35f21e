"""Whether rsyslog sends messages away: it runs, gets them from journald, and has what it needs to send them.

What its configuration says is read in logging/rsyslog.py.
"""

from __future__ import annotations

from ..dropin.systemd import effective
from ..engine.host import Host, HostError
from ..engine.reading import Aspect, Machine
from ..engine.safe_read import first_of
from ..system.inifile import ON
from ..system.kernel import boot_option
from ..system.systemd_unit import arguments, note_if_older, properties, service
from ..system.tls_files import Who
from . import rsyslog
from .forwarders import MODULES, NOTHING, Forwarders, Sending, unit_place
from .rainerscript import MAIN, Configuration, Parameters

UNIT = "rsyslog.service"
TRUE = ("", *ON)  # a word of the kernel's command line without a value is a yes
# journald keeps what is above its level from rsyslog: with any other one, messages are missing.
LEVELS = ("info", "debug", "6", "7")


def look(host: Host, forwarders: Forwarders) -> None:
    """Add what rsyslog sends to `forwarders`. Raises HostError."""
    unit = service(host, UNIT)
    if unit.why:
        forwarders.reasons.append(unit.why)
    if not unit.counts:
        return
    path = main_file(host)
    rsyslogd = rsyslog.read(host, path)
    wrong = rsyslog.complaint(host, path)
    if wrong:
        raise HostError("malformed", f"rsyslogd does not take its configuration as it stands: {wrong}")
    for sending in rsyslogd.sendings:
        _without_effect(host, sending, forwarders)
        sending.place = unit_place(sending.place, unit.why)
    forwarders.sendings += rsyslogd.sendings
    fed, note = fed_by(host, rsyslogd.configuration)
    if not fed:
        complete = rsyslog.complete(rsyslogd.sendings)
        if unit.why:
            forwarders.others += complete
        else:
            forwarders.complete += complete
        if not complete:
            some = f"{rsyslogd.sendings[0].place} sends away some messages only" if rsyslogd.sendings else ""
            lost = f"messages are thrown away at {rsyslogd.lost[0]}" if rsyslogd.lost else ""
            reason = "; ".join(part for part in (some, lost) if part)
            forwarders.reasons.append(reason or f"{path} and its parts send nothing away")
    else:
        forwarders.reasons.append(fed)
    watched = [*rsyslogd.configuration.paths, *rsyslogd.configuration.folders]
    for sending in rsyslogd.sendings:
        sending.who = dropped_to(host, rsyslogd.configuration.globals)
        watched += [path for path in (sending.ca, sending.certificate, sending.key) if path]
    older = note_if_older(host, UNIT, watched, "rsyslog")
    forwarders.note = older or note
    if unit.runs and not older:
        from .connections import strangers  # only for a daemon that runs

        # Otherwise where it sends now is what its files said before: pending, and no stranger.
        pid = properties(host, UNIT).get("MainPID", "")
        for sending in strangers(host, pid, rsyslogd.configuration, rsyslogd.sendings):
            forwarders.sendings.append(sending)
            forwarders.others.append(sending.target)


def main_file(host: Host) -> str:
    """The file that rsyslogd starts with."""
    words = arguments(host, UNIT)
    for at, word in enumerate(words):
        if word.startswith("-f"):
            return word[2:] or (words[at + 1] if at + 1 < len(words) else MAIN)
    return MAIN


def _without_effect(host: Host, sending: Sending, forwarders: Forwarders) -> None:
    """A driver that is not there, or that knows no such mode, sends nothing: rsyslogd starts all the same."""
    driver = sending.driver
    module = MODULES.get(driver)
    if module and not module_file(host, module):
        sending.driver = f"{driver} without its module {module}"
    elif module or driver in ("udp", *rsyslog.OTHER_SENDERS) or (driver == "ptcp" and sending.mode == 0):
        return
    sending.certain = NOTHING
    names = f"it names the driver {sending.driver} with mode {sending.mode}"
    forwarders.reasons.append(f"{sending.place} cannot send: {names}")


def module_file(host: Host, name: str) -> str:
    """Where a module of rsyslog lies, below the folder of the machine's architecture; empty when it is not there."""
    folders = ["/usr/lib/rsyslog", "/usr/lib64/rsyslog"]
    folders += [f"/usr/lib/{entry}/rsyslog" for entry in host.entries("/usr/lib") if "-linux-" in entry]
    # A module of another architecture cannot be loaded: the one that counts lies beside the others of this daemon.
    return first_of(host, tuple(f"{folder}/{name}" for folder in folders if host.exists(f"{folder}/imuxsock.so")))


def fed_by(host: Machine, configuration: Configuration) -> tuple[str, str]:
    """(why rsyslog gets no messages, or an empty text; a note when journald is older than its configuration)."""
    loaded = {str(module.get("load", "")).rpartition("/")[2].removesuffix(".so") for module in configuration.modules}
    if "imjournal" in loaded:
        return "", ""
    if "imuxsock" not in loaded:
        return "rsyslog loads neither imuxsock nor imjournal, so it gets no messages of this device", ""
    if _deaf(configuration):
        return "rsyslog does not listen for this device's own messages (SysSock.Use or $OmitLocalLogging)", ""
    if "imklog" not in loaded:
        # journald hands on what programs say, and not what the kernel says.
        return "rsyslog does not load imklog, so messages of the kernel and its firewall stay on this device", ""
    forward = effective(host, "systemd/journald.conf:Journal.ForwardToSyslog")
    level = effective(host, "systemd/journald.conf:Journal.MaxLevelSyslog")
    note = forward.get("note", "")
    at_start = boot_option(host, "systemd.journald.forward_to_syslog")
    for switch, where in _values(forward, "no", at_start):
        if switch not in TRUE:
            return f"journald hands nothing to rsyslog (ForwardToSyslog={switch}, {where})", note
    for most, where in _values(level, "debug", boot_option(host, "systemd.journald.max_level_syslog")):
        if most not in LEVELS:
            return f"journald hands messages up to {most} only to rsyslog (MaxLevelSyslog, {where})", note
    return "", note


def _values(aspect: Aspect, usual: str, at_start: str | None) -> list[tuple[str, str]]:
    """(value in small letters, where it stands) now and after the next start; the kernel's command line comes first."""
    if at_start is not None:
        return [(str(at_start).lower(), aspect["source"])]
    later = [(other["value"], other["who"]) for other in aspect.get("others", [])]
    values = [(aspect.get("value"), aspect["source"]), *later]
    return [(str(usual if text is None else text).lower(), where) for text, where in values]


def _deaf(configuration: Configuration) -> bool:
    """True when imuxsock is told not to open the socket by which journald hands messages on."""
    uses = [str(module.get("syssock.use", "on")).lower() for module in configuration.modules]
    return "off" in uses or str(configuration.globals.get("omitlocallogging", "off")).lower() in ("on", "1", "yes")


def dropped_to(host: Host, settings: Parameters) -> Who | None:
    """The account that rsyslogd becomes after its start (Ubuntu's does); None for root."""
    name = str(settings.get("privdroptouser", settings.get("privdrop.user.name", "")))
    group = str(settings.get("privdroptogroup", settings.get("privdrop.group.name", "")))
    return Who(host, name, [group]) if name and name != "root" else None
