"""Whether a change of PAM's common files lets in, or keeps out, anybody else than before.

Every service is walked with the answers of an ordinary sign-in, and once more for each of its modules with that answer
turned round: a line of somebody else's that jumps over a fixed number of lines shows.
"""

from __future__ import annotations

from ..engine.host import HostError
from ..engine.reading import Machine
from ..system import pam
from . import limit

FOLDER = "/etc/pam.d"
# pam_deny and pam_permit always say the same, and our own lines are what the change is about.
FIXED = ("pam_deny.so", "pam_permit.so", "pam_faillock.so")


def difference(before: Machine, after: Machine) -> str:
    """What a service would answer otherwise to somebody who is not locked out, in words, or an empty text."""
    for service in before.entries(FOLDER):
        if service.startswith("common-") or service != service.strip("."):
            continue
        for kind in ("auth", "account"):
            try:
                old = pam.stack(before, service, kind)
            except HostError:
                continue  # PAM does not accept it as it is
            why = _differs(old, pam.stack(after, service, kind), kind)
            if why:
                return f"{FOLDER}/{service} would answer otherwise than now {why}"
    return ""


def authorities(auth: list[pam.Line]) -> list[str]:
    """The modules of a stack that know passwords."""
    return [module for module in limit.JUDGES if any(line.module == module for line in auth)]


def _differs(old: list[pam.Line], new: list[pam.Line], kind: str) -> str:
    modules = dict.fromkeys(line.module for line in old if line.module not in FIXED)
    for by in authorities(old) if kind == "auth" else [""]:
        for password in (True, False) if kind == "auth" else (True,):
            for turned in ("", *(module for module in modules if module != by)):
                passed = [_passes(lines, kind, by, password, turned) for lines in (old, new)]
                if passed[0] != passed[1]:
                    sign_in = f"to a {'right' if password else 'wrong'} password" if kind == "auth" else "to an account"
                    known = f" that {by} judges" if by else ""
                    return f"{sign_in}{known}" + (f" where {turned} says the contrary" if turned else "")
    return ""


def _passes(lines: list[pam.Line], kind: str, by: str, password: bool, turned: str) -> bool:
    def answer(line: pam.Line) -> str:
        if kind == "auth":
            usual = limit.answer(line, password, False, by)
        else:
            usual = "auth_err" if line.module == "pam_deny.so" else "success"
        if line.module != turned:
            return usual
        return "success" if usual == "auth_err" else "auth_err"

    return pam.run(lines, answer)[0]
