"""Debian's pam-auth-update: our two profiles for it, and what it would make of PAM's common files.

It is run on a copy below /run with a debconf database of its own, never with --force, and what it wrote there is
planned as edits: so the preview shows it, the journal has it, and each file is replaced whole. The copy is the machine
itself as far as the program looks (pam-auth-update(8) of 1.5.2 and newer, --root).
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile

from ..engine.edits import ChangeRefused
from ..engine.host import Host
from ..engine.overlay_host import OverlayHost
from ..engine.safe_read import text_or_nothing

TOOL = "/usr/sbin/pam-auth-update"
PROFILES_FOLDER = "/usr/share/pam-configs"
SAVED = "/var/lib/pam"
KINDS = ("auth", "account", "password", "session", "session-noninteractive")
COMMON = tuple(f"/etc/pam.d/common-{kind}" for kind in KINDS)
LAST = "/etc/pam.d/common-auth"  # is written last: by it the others take effect
SECONDS = 60
RUN = "/run"
# preauth stands before whatever judges a password, and authfail after all of it: Debian's own lie between 128 and 704.
# preauth is not silent: a teacher who is locked out must learn why. The names of a school's accounts are no secret.
BEFORE, AFTER = "leeboard-faillock", "leeboard-faillock-count"
PROFILES = {
    f"{PROFILES_FOLDER}/{BEFORE}": (
        "Name: Refuse an account at which too many wrong passwords were tried (Leeboard)\n"
        "Default: no\nPriority: 1024\n"
        "Auth-Type: Primary\nAuth:\n\trequisite\t\t\tpam_faillock.so preauth\n"
        "Account-Type: Primary\nAccount:\n\trequired\t\t\tpam_faillock.so\n"
    ),
    f"{PROFILES_FOLDER}/{AFTER}": (
        "Name: Count wrong passwords (Leeboard)\n"
        "Default: no\nPriority: 0\n"
        "Auth-Type: Primary\nAuth:\n\t[default=die]\t\t\tpam_faillock.so authfail\n"
    ),
}
LEFT_ALONE = "Local modifications"  # what it prints of files that were changed by hand
# debconf.conf(5): everything that the run remembers lies in the copy. Its first paragraph names the databases.
DEBCONF = (
    "Config: config\nTemplates: templates\n\n"
    "Name: config\nDriver: File\nMode: 600\nFilename: {folder}/config.dat\n\n"
    "Name: templates\nDriver: File\nMode: 600\nFilename: {folder}/templates.dat\n"
)
MODULE = re.compile(r"(?P<module>(?:\[[^]]+\]|\w+)\s+\S+)")
BEGINS = (
    '# here are the per-package modules (the "Primary" block)',
    '# and here are more per-package modules (the "Additional" block)',
)
ENDS = ("# here's the fallback if no module succeeds", "# end of pam-auth-update config")


def plan(host: Host, overlay: OverlayHost) -> None:
    """Plan our profiles and what pam-auth-update makes of them. Raises ChangeRefused, HostError."""
    if not host.executable(TOOL):
        raise ChangeRefused(
            "PAM is set up here without pam-auth-update (Debian and Ubuntu have it), and Leeboard changes it in no "
            "other way: call pam_faillock by hand, with authselect or pam-config where the system has one"
        )
    os.makedirs(host.path(RUN), exist_ok=True)
    scratch = tempfile.mkdtemp(prefix="leeboard-", dir=host.path(RUN))
    try:
        _copy(host, scratch)
        done = host.act(
            [TOOL, "--root", scratch, "--package", "--enable", BEFORE, AFTER],
            environment={"DEBIAN_FRONTEND": "noninteractive", "DEBCONF_SYSTEMRC": f"{scratch}/debconf.conf"},
            timeout=SECONDS,
        )
        if done.rc != 0:
            raise ChangeRefused(f"pam-auth-update ended with status {done.rc}: {done.err.strip()[-300:]}")
        taken = f"Module: {BEFORE}\n" in _written(scratch, f"{SAVED}/auth").decode("utf-8", "replace")
        if LEFT_ALONE in done.err or not taken:  # it ends with 0 then too
            place = changed_by_hand(host) or done.err.strip()[-300:] or "it took no profile of ours"
            raise ChangeRefused(
                f"/etc/pam.d/common-* was changed by hand ({place}), so pam-auth-update leaves it alone, and so does "
                "Leeboard: put the change into a profile of its own, or run pam-auth-update --force yourself"
            )
        for path, text in PROFILES.items():
            overlay.put(path, text, mode=0o644)
        for path in (*(f"{SAVED}/{name}" for name in sorted(os.listdir(scratch + SAVED))), *COMMON):
            overlay.put_bytes(path, _written(scratch, path))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _copy(host: Host, scratch: str) -> None:
    """What the program reads, and our profiles, into an empty folder."""
    with open(f"{scratch}/debconf.conf", "w", encoding="utf-8") as stream:
        stream.write(DEBCONF.format(folder=scratch))
    paths = [f"{folder}/{name}" for folder in (PROFILES_FOLDER, SAVED) for name in host.entries(folder)]
    files = {path: host.read(path) for path in (*COMMON, *paths) if host.exists(path)}
    files.update({path: text.encode() for path, text in PROFILES.items()})
    for folder in ("/etc/pam.d", PROFILES_FOLDER, SAVED):
        os.makedirs(scratch + folder)
    for path, content in files.items():
        with open(scratch + path, "wb") as copy:
            copy.write(content)


def _written(scratch: str, path: str) -> bytes:
    """What a file in the copy holds; nothing where it is not there."""
    try:
        with open(scratch + path, "rb") as stream:
            return stream.read()
    except FileNotFoundError:
        return b""


def changed_by_hand(host: Host) -> str:
    """The first place at which a common file is not what pam-auth-update last wrote, as far as it minds.

    It minds a line in its two blocks whose module none of its profiles has, in their order, and a block without an
    end. The program itself decides; this names the line to a person.
    """
    for kind, path in zip(KINDS, COMMON):  # noqa: B905  Python 3.10 has `strict`
        saved, text = text_or_nothing(host, f"{SAVED}/{kind}"), text_or_nothing(host, path)
        if saved is None or text is None:
            return f"{path if text is None else f'{SAVED}/{kind}'} is missing"
        waiting = [match["module"] for match in map(MODULE.match, _no_jumps(saved).split("\n")) if match]
        waiting = [module for module in waiting if not module.startswith("Module:")]
        inside = 0
        for count, line in enumerate(text.split("\n"), 1):
            if line.startswith(BEGINS) or line.startswith(ENDS):
                inside += 1
            elif inside in (1, 3) and not (line.startswith("#") and line in saved.split("\n")):
                line = re.sub(rf"\A{kind.partition('-')[0]}\s+", "", _no_jumps(line))
                while waiting and not line.startswith(waiting[0]):
                    waiting.pop(0)
                if not waiting:
                    return f"{path}, line {count}"
                waiting.pop(0)
        if inside < 4:
            return f"{path} lacks one of pam-auth-update's comments"
    return ""


def _no_jumps(text: str) -> str:
    """Control fields without how far they jump, which follows from the lines between."""
    return re.sub(r"(\[[^0-9\n\]]*)(?:[0-9]+|end)([^\n\]]*\])", r"\1\2", text)
