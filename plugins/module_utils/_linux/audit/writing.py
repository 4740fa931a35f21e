"""Write audit rules so that they load: now, and when the machine starts.

Our rules lie in files of our own. Before anything is written the whole folder is put together as it will be: one line
that does not load stops all that follow, and since auditd 4 auditd itself.
"""

from __future__ import annotations

import posixpath

from ..engine import reading
from ..engine.edits import Change, ChangeRefused, DryRun
from ..engine.host import Host
from ..engine.overlay_host import OverlayHost
from ..engine.safe_read import text_or_nothing
from . import kernel, privileged
from .files import FOLDER, lines, unloadable
from .rule import BadLine, Machine, Rule, read
from .state import State, program_rule, rule_text, wanted_rule

START = f"{FOLDER}/00-leeboard.rules"
OURS = f"{FOLDER}/50-leeboard.rules"
PRIVILEGED = f"{FOLDER}/51-leeboard-privileged.rules"
END = f"{FOLDER}/99-finalize.rules"  # the usual name for -e 2; augenrules puts the last -e at the end
FOLDERS = "/etc/tmpfiles.d/leeboard-audit.conf"
HEAD = "# Written by Leeboard\n"
MODE = 0o640
# Folders that no package takes away with it.
LASTING = ("/etc", "/usr/bin", "/usr/sbin", "/bin", "/sbin", "/var/log", "/run", "/usr/lib", "/etc/security", "/home")
# Where packages put programs; nobody but root can take one of these away.
PROGRAMS = ("/usr/", "/bin/", "/sbin/", "/opt/")
WANTED = {"privileged": [], "locked": True, "continue": True}


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """The files as they will be, and the commands that load them. Raises ChangeRefused, HostError."""
    if not kernel.installed(host):
        raise ChangeRefused("auditd is not installed; install it and repeat the roll-out")
    wanted = [change["address"] for change in changes]
    for change in changes:
        if change["value"] != WANTED.get(change["address"], True) or change["address"] == "sign-in-records":
            raise ChangeRefused(f"{change['address']}: {change['value']!r} is nothing that can be written there")
    overlay = OverlayHost(host)
    before = State(host)
    if before.kernel.off_at_start:
        raise ChangeRefused("the machine was started with audit=0; take that out of its boot options and restart it")
    _drop_unloadable(overlay, before)
    if "continue" in wanted and not before.files.carries_on:
        _put(overlay, START, [*_lines(overlay, START), "-c"])
    addresses = [address for address in wanted if address not in WANTED]
    _add(host, overlay, OURS, addresses)
    if "privileged" in wanted:
        programs = privileged.programs(host)
        _add(host, overlay, PRIVILEGED, [program_rule(path) for path in programs if _ours_to_record(path)])
    if "locked" in wanted:
        _finalize(overlay, "-e 2")
    elif before.files.enabled == 0:
        _finalize(overlay, "-e 1")
    after = State(overlay, host)
    _prove(after, wanted, addresses)
    return overlay.result(_commands(host, overlay, before, after, wanted))


def _lines(host: reading.Machine, path: str) -> list[str]:
    return [line for line in (text_or_nothing(host, path) or "").splitlines() if line.strip() and line[0] != "#"]


def _put(overlay: OverlayHost, path: str, lines: list[str]) -> None:
    text = HEAD + "".join(f"{line}\n" for line in lines)
    if text != text_or_nothing(overlay, path):
        overlay.put(path, text, mode=MODE, owner=(0, 0))


def _drop_unloadable(overlay: OverlayHost, state: State) -> None:
    """Take out of our files what would not load any more, and what somebody else's file says as well."""
    identities = {
        rule.identity
        for line, place in lines(overlay)
        if not place.startswith((OURS, PRIVILEGED))
        for rule in _rule_of(line, state.machine)
    }
    for path in (OURS, PRIVILEGED):
        kept: list[str] = []
        for line in _lines(overlay, path):
            for rule in _rule_of(line, state.machine):
                if rule.identity not in identities and not unloadable(overlay, rule, state.created):
                    identities.add(rule.identity)
                    kept.append(line)
        if len(kept) != len(_lines(overlay, path)):
            _put(overlay, path, kept)


def _rule_of(line: str, machine: Machine) -> list[Rule]:
    """The one rule of a line; none where it holds something else, or is a bad line."""
    try:
        return [read(line, machine)] if line.lstrip().startswith(("-a", "-A", "-w")) else []
    except BadLine:
        return []


def _add(host: Host, overlay: OverlayHost, path: str, addresses: list[str]) -> None:
    """Add lines for what the files would not bring back, and the folders that they need when the machine starts."""
    state = State(overlay, host)
    if state.files.wrong:
        raise ChangeRefused(
            f"{state.files.wrong}; auditctl stops there when it loads the rules. Correct it and repeat the roll-out"
        )
    added, folders = [], []
    for address in addresses:
        for bits in state.machine.calls:
            line = rule_text(address, state.machine, bits)
            if not line:
                continue
            answer = state.after_restart(wanted_rule(address, state.machine, bits))
            if answer.kept_from:
                raise ChangeRefused(f"{address}: {answer.missing}; take that out and repeat the roll-out")
            if answer.missing:
                added.append(_for_all(line, address, state.machine))
                folders += _needed_folders(host, read(line, state.machine), state.created)
    if added:
        _put(overlay, path, list(dict.fromkeys([*_lines(overlay, path), *added])))
    if folders:
        _put_folders(overlay, folders)


def _for_all(line: str, address: str, machine: Machine) -> str:
    """The line itself; with perm, and where names differ from those of a PC, the form for all architectures.

    auditctl 4.0 adds system calls to perm that only PCs have, and then takes the line for a bad one elsewhere.
    """
    rule = read(line, machine)
    return f"-a always,exit {address}" if rule.perms is not None and "b32" not in machine.calls else line


def _needed_folders(host: Host, rule: Rule, created: set[str]) -> list[str]:
    """The folders that must be there for a rule to load, as far as they may be missing when the machine starts."""
    needed = []
    for field in rule.fields:
        if field.name not in ("path", "dir", "exe"):
            continue
        folder = field.value if field.name == "dir" else posixpath.dirname(field.value)
        if not folder.startswith("/run/") and not host.exists(folder):
            raise ChangeRefused(f"{folder} does not exist on this machine, so a rule for it would stop all others")
        if folder not in LASTING and folder not in created and (field.name != "exe" or host.exists(folder)):
            needed.append(folder)
    return needed


def _put_folders(overlay: OverlayHost, folders: list[str]) -> None:
    # With "-" a folder that is there keeps its owner and mode.
    entries = [f"d {folder} {'0755 root root' if folder.startswith('/run/') else '- - -'} -" for folder in folders]
    kept = sorted({*_lines(overlay, FOLDERS), *entries})
    text = "# Written by Leeboard: an audit rule for a folder that is missing would stop all others\n"
    overlay.put(FOLDERS, text + "".join(f"{line}\n" for line in kept), mode=0o644)


def _ours_to_record(path: str) -> bool:
    """True for programs that only root can move; a rule for another one might not load at the next start."""
    return path.startswith(PROGRAMS) and path.isprintable() and "\\" not in path


def _finalize(overlay: OverlayHost, line: str) -> None:
    text = text_or_nothing(overlay, END) or HEAD
    kept = [old for old in text.splitlines() if not old.strip().startswith("-e")]
    overlay.put(END, "\n".join([*kept, line]) + "\n", mode=MODE, owner=(0, 0))


def _prove(after: State, wanted: list[str], addresses: list[str]) -> None:
    """Raises ChangeRefused unless the files bring back everything that is wanted."""
    if after.files.wrong:
        raise ChangeRefused(f"{after.files.wrong}; auditctl would stop there, so nothing was written")
    for address in addresses:
        answer = after.after_restart(wanted_rule(address, after.machine))
        if answer.missing:
            raise ChangeRefused(f"{address}: {answer.missing}; nothing was written")
    if after.files.enabled == 0 or ("locked" in wanted and after.files.enabled != 2):
        raise ChangeRefused(f"{after.files.enabled_place} is read last; take its -e out and repeat the roll-out")
    if "continue" in wanted and not after.files.carries_on:
        raise ChangeRefused(f"a rule is read before {START}; give its file a later name and repeat the roll-out")


def _commands(host: Host, overlay: OverlayHost, before: State, after: State, wanted: list[str]) -> list[list[str]]:
    """Loading is one command for all changes; a locked kernel takes none before the next start."""
    commands = []
    folders = [line.split()[1] for line in _lines(overlay, FOLDERS)]
    if any(not host.exists(folder) for folder in folders):
        commands.append(["systemd-tmpfiles", "--create", FOLDERS])
    if before.locked:
        return commands
    if overlay.changes_something() or not _all_loaded(before, after, wanted):
        if not after.files.clears:
            commands.append(["auditctl", "-D"])  # else the first rule that is there already would stop the loading
        commands.append(["augenrules", "--load"])
    if before.kernel.enabled == 0 and after.files.enabled is None:
        commands.append(["auditctl", "-e", "1"])
    return commands


def _all_loaded(before: State, after: State, wanted: list[str]) -> bool:
    """True when the kernel holds every rule that the files bring."""
    loaded = {(rule.filter, rule.action, frozenset(rule.fields), rule.perms) for rule in before.kernel.rules}
    ours = {(rule.filter, rule.action, frozenset(rule.fields), rule.perms) for rule in after.files.rules}
    return ours <= loaded and ("locked" not in wanted or before.locked)
