"""Change the guessing limit at sign-in: our profiles by pam-auth-update, and our numbers in faillock.conf.

All that can be known beforehand is judged over the files as they will be; what only libpam itself can tell is tried
with a throw-away account before and after (`trial`), and the files are put back where it says something else.
"""

from __future__ import annotations

import hashlib
from typing import Any

from ..engine.cover import Command, Cover, Proof
from ..engine.edits import Change, ChangeRefused, DryRun, Edit
from ..engine.host import Host, HostError
from ..engine.overlay_host import OverlayHost
from ..engine.reading import Machine
from ..engine.safe_read import text_or_nothing
from ..system import pam
from . import account, limit, regression, update
from .trial import SignInTrial

MOST_TRIES = 100  # each is tried
HEAD = "# Leeboard (LCK-05):"
# The order of writing: a device that loses its power in between is one on which less is counted, never one that
# refuses; and pam-auth-update finds what it wrote itself.
ORDER = (f"{update.PROFILES_FOLDER}/", limit.CONF, f"{update.SAVED}/", "/etc/pam.d/common-account", "/etc/pam.d/")
LONGEST = 240  # seconds: pam-auth-update, and two trials of all ways in


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """The files as they will be, with the trial that they must pass. Raises ChangeRefused, HostError."""
    wanted = {change["address"]: _value(change) for change in changes}
    overlay = OverlayHost(host)
    if "pam" in wanted and _effective(host, "pam").get("value") is not True:
        update.plan(host, overlay)
        _prove(host, overlay)
    numbers = {address: value for address, value in wanted.items() if address != "pam"}
    if numbers:
        _not_beaten(overlay, numbers)
        overlay.put(limit.CONF, _configuration(overlay, numbers))
    for address, value in wanted.items():
        _takes_effect(overlay, address, value)
    result = overlay.result()
    result.edits.sort(key=_order)
    if overlay.changes_something():
        account.check(host)
        ways_in = limit.services(host)
        often = tries(overlay, ways_in)
        if not 1 <= often <= MOST_TRIES:
            raise ChangeRefused(f"deny would be {often}, which is no limit that could be tried: set it in this change")
        trial = SignInTrial(host, ways_in, often, tally_folders(overlay, ways_in))
        result.before, result.confirm = trial.before, trial.after
        result.warnings = _warnings(host, overlay)
    return result


def cover(host: Host, changes: list[Change]) -> Cover:
    """What brings the device back: the files, and the end of the account that a trial makes.

    Of a change to come it refuses what `dry_run` does, so that nothing is armed for it. One without values is an undo.
    """
    planned = [change for change in changes if change.get("value") is not None]
    targets = [edit.path for edit in dry_run(host, planned).edits] if planned else []
    # pam-auth-update may write any of the common files; a target is another one where one is a link.
    files = dict.fromkeys([*update.PROFILES, limit.CONF, *update.COMMON, *targets])
    single = tuple(path for path in files if not path.startswith(f"{update.SAVED}/"))
    return Cover(
        files=single,
        folders=(update.SAVED,),
        commands=(Command(("userdel", "--force", account.NAME), at_start=True),),
        proofs=_proofs(host, single),
        longest=LONGEST,
    )


def _proofs(host: Host, files: tuple[str, ...]) -> tuple[Proof, ...]:
    """Each file is as it is now, and the account of a trial is gone."""
    there, gone = [], []
    sums = b""
    for path in files:
        try:
            sums += f"{hashlib.sha256(host.read(path)).hexdigest()}  {path}\n".encode()
            there.append(path)
        except FileNotFoundError:
            gone.append(path)
    absent = 'for path; do [ ! -e "$path" ] || exit 1; done'
    nobody = 'while IFS=: read -r name rest; do [ "$name" != "$1" ] || exit 1; done </etc/passwd'
    return (
        *([Proof(("sha256sum", "--", *there), sums)] if there else []),
        *([Proof(("sh", "-c", absent, "sh", *gone))] if gone else []),
        Proof(("sh", "-c", nobody, "sh", account.NAME)),
    )


def _value(change: Change) -> Any:
    """A change's value where it is one that we would write. Raises ChangeRefused."""
    address, value = change["address"], change["value"]
    if not limit.ADDRESSES.match(address):
        raise ChangeRefused(f"{address!r} is no address of the driver {limit.NAME}")
    if address == "pam":
        if value is not True:
            raise ChangeRefused("taking pam_faillock out of PAM is not offered; it is done with pam-auth-update")
        return value
    if address == "even_deny_root":
        if not isinstance(value, bool):
            raise ChangeRefused(f"even_deny_root is true or false, not {value!r}")
        return value
    most = MOST_TRIES if address == "deny" else limit.LONGEST
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        # 0 is no limit for deny, and for ever for a time: a pupil could lock a teacher out for good.
        raise ChangeRefused(f"{address} is a number from 1 to {most}, not {value!r}")
    return value


def _configuration(overlay: OverlayHost, numbers: dict[str, Any]) -> str:
    """faillock.conf with our keys, each in the line that counted so far, or at the end; all else stays."""
    text = overlay.original_text(limit.CONF) if overlay.exists(limit.CONF) else ""
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    last = {key: count for count, key, _text in limit.statements(text)}
    for key, value in sorted(numbers.items()):
        line = key if value is True else f"{key} = {value}"
        if value is False:
            for count, said, _text in limit.statements(text):
                if said == key:
                    lines[count - 1] = f"{HEAD} {lines[count - 1]}"
        elif key in last:
            lines[last[key] - 1] = line
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def _not_beaten(overlay: OverlayHost, numbers: dict[str, Any]) -> None:
    """No line of PAM says our numbers itself, or takes them from another file. Raises ChangeRefused, HostError."""
    for service in limit.services(overlay):
        for line in (*pam.stack(overlay, service, "auth"), *pam.stack(overlay, service, "account")):
            for word in line.arguments if line.module == "pam_faillock.so" else []:
                key = limit.split(word)[0]
                if key in numbers or key == "conf":
                    raise ChangeRefused(
                        f"{line.place} calls pam_faillock with {word[:100]}, which beats {limit.CONF}: take the word "
                        "out of the line and repeat the roll-out"
                    )


def _prove(host: Host, overlay: OverlayHost) -> None:
    """Every way in counts rightly, whichever module knows the password, and nothing else changes.

    Raises ChangeRefused, HostError.
    """
    for service in limit.services(overlay):
        auth = pam.stack(overlay, service, "auth")
        for by in regression.authorities(auth) or [""]:
            why, _line = limit.judge(overlay, service, by)
            if why:
                known = f" where {by} knows the password" if by and by != "pam_unix.so" else ""
                raise ChangeRefused(f"with our profiles sign-in by {service} would not be right{known}: {why}")
        first = next((line for line in auth if line.module in limit.JUDGES), None)
        if first and "use_first_pass" in first.arguments:
            # preauth stands first now, so pam-auth-update takes this profile for one that comes after another.
            raise ChangeRefused(
                f"with our profiles sign-in by {service} would ask nobody for a password: {first.module} takes the one "
                "that a module before it asked for, and there is none; enable the profile unix too"
            )
    changed = regression.difference(host, overlay)
    if changed:
        raise ChangeRefused(f"{changed}, so PAM is left as it is")


def _takes_effect(overlay: OverlayHost, address: str, value: Any) -> None:
    """Our own reading of the files as they will be says what is wanted. Raises ChangeRefused."""
    found = _effective(overlay, address)
    if found.get("value") != value or found.get("others"):
        others = "; ".join(f"{other['who']}: {other['value']}" for other in found.get("others", []))
        says = found.get("value", found.get("why", found.get("source")))
        raise ChangeRefused(f"{address} would be {says} and not {value} ({others or found.get('source', '')})"[:500])


def _effective(machine: Machine, address: str) -> dict[str, Any]:
    found: dict[str, Any] = limit.read(machine, address)["effective"]
    return found


def _order(edit: Edit) -> tuple[int, str]:
    if edit.path == update.LAST:
        return len(ORDER), edit.path
    return next((at for at, begin in enumerate(ORDER) if edit.path.startswith(begin)), 0), edit.path


def tries(machine: Machine, ways_in: list[str]) -> int:
    """After how many wrong passwords the last of the ways in shuts. Raises HostError."""
    return max(_said(machine, service, "deny") for service in ways_in)


def _said(machine: Machine, service: str, key: str) -> int:
    why, line = limit.judge(machine, service)
    if line is None:
        raise HostError("failed", f"{service}: {why}")
    return int(limit.in_effect(machine, key, line)["value"])


def tally_folders(machine: Machine, ways_in: list[str]) -> list[str]:
    """Where failures are counted: by the lines of PAM, by faillock.conf, or at the module's own place."""
    lines = [line for service in ways_in for line in pam.stack(machine, service, "auth")]
    words = [word for line in lines if line.module == "pam_faillock.so" for word in line.arguments]
    configured = [
        text for _count, key, text in limit.statements(text_or_nothing(machine, limit.CONF) or "") if key == "dir"
    ]
    named = [text for key, text in map(limit.split, words) if key == "dir"]
    return list(dict.fromkeys([*named, *configured[-1:], "/var/run/faillock"]))


def _warnings(host: Host, overlay: OverlayHost) -> list[str]:
    """Who keeps this device and can be locked out by anybody at its keyboard."""
    name = account.managed_by(host)
    if not name or not account.has_password(host, name):
        return []
    line = next((line for line in (limit.judge(overlay, one)[1] for one in limit.services(overlay)) if line), None)
    if line is None or (name == "root" and limit.in_effect(overlay, "even_deny_root", line)["value"] is not True):
        return []
    deny, wait = (limit.in_effect(overlay, key, line)["value"] for key in ("deny", "unlock_time"))
    return [
        f"{name}, by which this device is managed, has a password: whoever tries {deny} wrong ones shuts it out for "
        f"{wait} seconds, sudo with a password too. Come with a key, which is not counted, and let sudo ask for none"
    ]
