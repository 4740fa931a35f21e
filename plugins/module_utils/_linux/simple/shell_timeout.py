"""Idle time-out of text consoles: TMOUT, as a shell of an ordinary user really gets it.

Addresses: `TMOUT` (int, seconds; text when it is no number; absent when unset), `TMOUT#readonly` and `TMOUT#exported`
(bool; absent when TMOUT is unset), `other-shells` (list of paths: login shells that people here use and that do not
read /etc/profile, so the time-out does not reach them).

The truth is asked of bash itself, started as nobody without a home: a login shell decides, and an interactive shell
that is no login shell (a terminal window) is named in `others` where it differs.
"""

from __future__ import annotations

import re
import secrets
from functools import partial

from ..engine.edits import Change, ChangeRefused, DryRun
from ..engine.host import Host, HostError
from ..engine.reading import Aspect, Reading, Readings, absent, reading, value
from ..engine.safe_read import number, read_each
from ..system.people import accounts
from .shell_startup import BASHRC, FILE, PROFILE, bashrc_with_block, profile_script, without_assignments

NAME = "shell_timeout"
ADDRESSES = re.compile(r"\A(?:TMOUT|TMOUT#readonly|TMOUT#exported|other-shells)\Z")
SHELLS = ("/bin/bash", "/usr/bin/bash")
READ_PROFILE = ("sh", "bash", "dash", "ash", "ksh", "ksh93", "mksh", "rbash", "yash", "posh")
MARK = "leeboard-" + secrets.token_hex(8)  # what start-up files print stays apart from the answer
SCRIPT = f'builtin printf "\\n%s\\n" {MARK}; builtin declare -p TMOUT 2>/dev/null'
AS_NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"]
DECLARED = re.compile(r"\Adeclare -([A-Za-z-]{1,12}) TMOUT(?:=(.{0,300}))?\Z", re.DOTALL)
WINDOW = "a terminal window (an interactive bash that is no login shell)"


def observe(host: Host, addresses: list[str]) -> Readings:
    """A reading for each address; nothing is raised for a bad machine."""
    return read_each(NAME, ADDRESSES, addresses, partial(_read, host))


def _read(host: Host, address: str) -> Reading:
    if address == "other-shells":
        used = {account.shell for account in accounts(host) if account.ordinary}
        shells = sorted(shell for shell in used if shell.rsplit("/", 1)[-1] not in READ_PROFILE)
        return reading(NAME, address, value(shells, "/etc/passwd", "list"))
    login, window = ask(host, "-lic"), ask(host, "-ic")
    source = f"a login shell of an ordinary user ({FILE} is there)" if host.exists(FILE) else "a login shell"
    if login is None:
        effective = absent(f"{source}: TMOUT is not set")
        if address == "TMOUT" and window is not None:
            effective["others"] = [{"who": WINDOW, **_value(window, address)}]
        return reading(NAME, address, effective)
    in_login = _value(login, address)
    effective = value(in_login["value"], source, in_login["type"])
    # Unset is the same as 0 for the shell: it waits for ever.
    in_window = {"value": 0 if address == "TMOUT" else False, "type": in_login["type"]}
    in_window = in_window if window is None else _value(window, address)
    if in_window["value"] != in_login["value"]:
        effective["others"] = [{"who": WINDOW, **in_window}]
    return reading(NAME, address, effective)


def _value(answer: tuple[str, str], address: str) -> Aspect:
    flags, text = answer
    if address == "TMOUT#readonly":
        return {"value": "r" in flags, "type": "bool"}
    if address == "TMOUT#exported":
        return {"value": "x" in flags, "type": "bool"}
    seconds = number(text)
    return {"value": text, "type": "string"} if seconds is None else {"value": seconds, "type": "int"}


def ask(host: Host, how: str) -> tuple[str, str] | None:
    """(attribute letters, text) of TMOUT in a bash started with `how`; None when it is unset. Raises HostError."""
    shell = next((path for path in SHELLS if host.exists(path)), "")
    if not shell:
        raise HostError("missing_tool", "bash is not installed")
    before = AS_NOBODY if host.is_root else []
    done = host.query([*before, shell, how, SCRIPT], environment={"HOME": "/nonexistent", "TERM": "dumb"})
    printed, mark, answer = done.out.rpartition(f"\n{MARK}\n")
    if not mark:
        last = (done.err.strip() or printed.strip() or "it printed nothing").split("\n")[-1]
        raise HostError("malformed", f"the start-up files end the shell before it can be asked: {last[:200]}")
    answer = answer.strip("\n")
    if not answer:
        return None
    matched = DECLARED.match(answer)
    if not matched:
        raise HostError("malformed", f"bash described TMOUT in a way that is not understood: {answer[:100]!r}")
    if matched.group(2) is None:
        return None  # declared, but without a value
    return matched.group(1), _unquoted(matched.group(2))


def _unquoted(text: str) -> str:
    """The value inside bash's double quotes; anything else stays as it was printed."""
    if len(text) >= 2 and text.startswith('"') and text.endswith('"'):
        return re.sub(r'\\(["\\$`])', r"\1", text[1:-1])
    return text


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """One start-up file that sets TMOUT read-only, a block in bash's own, and earlier assignments switched off.

    Raises ChangeRefused when another file sets TMOUT in a way that is not safe to edit.
    """
    seconds = None
    for change in changes:
        address, wanted = change["address"], change["value"]
        if address == "TMOUT" and isinstance(wanted, int) and not isinstance(wanted, bool) and wanted > 0:
            seconds = wanted
        elif address not in ("TMOUT#readonly", "TMOUT#exported") or wanted is not True:
            raise ChangeRefused(f"{wanted!r} cannot be written for {address}: TMOUT is a number above 0, and read-only")
    if seconds is None:
        now = ask(host, "-lic")
        seconds = number(now[1]) if now else None
        if not seconds:
            raise ChangeRefused("TMOUT has no value that could be made read-only; write TMOUT as well")
    from ..engine.overlay_host import OverlayHost  # a check does without

    overlay = OverlayHost(host)
    for path in [PROFILE, BASHRC, *_start_files(host)]:
        if path != FILE and host.exists(path):
            without_assignments(overlay, path)
    overlay.put(FILE, profile_script(seconds), mode=0o644)
    bashrc_with_block(overlay)
    return overlay.result()


def _start_files(host: Host) -> list[str]:
    """What /etc/profile reads: Debian asks run-parts for names of this form."""
    names = [name for name in host.entries("/etc/profile.d") if re.match(r"\A[A-Za-z0-9_][A-Za-z0-9._-]*\.sh\Z", name)]
    return [f"/etc/profile.d/{name}" for name in names]
