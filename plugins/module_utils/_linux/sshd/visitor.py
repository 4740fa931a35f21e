"""Whoever makes the change, and whether sshd would let them in again once it is made.

Known from this device itself (system/came_by.py). What it does not say is taken as the worst: a method that may be ours
must not go. Judged is what sshd says it would do, so that what lies in its files and is not loaded yet counts as well.
"""

from __future__ import annotations

import fnmatch
import ipaddress
import re
from collections.abc import Iterable

from ..engine.edits import ChangeRefused
from ..engine.host import Host, HostError
from ..system.came_by import CameBy, SignIn, came_by, sign_in
from ..system.people import names
from .answers import Answer
from .people import Question

ASKABLE = re.compile(r"\A[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}\Z")
NO_LOGIN_ID = "4294967295"
# What has to stand in sshd's answer for each method of a sign-in, as its log names it.
METHODS = {
    "publickey": ("pubkeyauthentication", "PubkeyAuthentication"),
    "password": ("passwordauthentication", "PasswordAuthentication"),
    "keyboard-interactive": ("kbdinteractiveauthentication", "KbdInteractiveAuthentication"),
    "hostbased": ("hostbasedauthentication", "HostbasedAuthentication"),
    "gssapi-with-mic": ("gssapiauthentication", "GSSAPIAuthentication"),
    "none": ("permitemptypasswords", "PermitEmptyPasswords"),
}
USUAL = ("publickey", "password", "keyboard-interactive")  # which are allowed where nobody wrote anything
KINDS = {
    "ED25519": ("ssh-ed25519",),
    "RSA": ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"),
    "ECDSA": ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    "ED25519-SK": ("sk-ssh-ed25519@openssh.com",),
    "ECDSA-SK": ("sk-ecdsa-sha2-nistp256@openssh.com", "webauthn-sk-ecdsa-sha2-nistp256@openssh.com"),
}
CERTIFICATE = "-CERT"


class Visitor:
    """Who came by SSH: `user`, the `connection`, the `sign_in` where sshd's log tells it, and the groups."""

    def __init__(self, user: str, connection: CameBy, signed_in: SignIn | None, groups: frozenset[str] | None) -> None:
        self.user = user
        self.connection = connection
        self.sign_in = signed_in
        self.groups = groups
        address, own = (end.partition("%")[0] for end in (connection.address, connection.own_address))
        self.address = address
        spec = f"user={user},host={address},addr={address},laddr={own},lport={connection.own_port}"
        self.question = Question(f"{user} from {address}, as this connection came", user, spec)


def visitor(host: Host) -> Visitor | None:
    """Who changes this device by SSH; None where nobody came that way. Raises ChangeRefused, HostError."""
    connection = came_by(host)
    if connection is None:
        return None
    signed_in = sign_in(host, connection)
    user = signed_in.user if signed_in else _login_name(host)
    if not user:
        raise ChangeRefused(
            "which account this connection signed in with is not known: neither sshd's log nor the login id of this "
            "process says it; so nobody can tell whether the change would shut it out"
        )
    if not ASKABLE.match(user):
        raise ChangeRefused(f"sshd cannot be asked about the account {user!r}, with which this connection signed in")
    return Visitor(user, connection, signed_in, groups_of(host, user))


def _login_name(host: Host) -> str:
    try:
        login_id = host.text("/proc/self/loginuid").strip()
    except (FileNotFoundError, HostError):
        return ""
    return (
        "" if login_id == NO_LOGIN_ID or not login_id.isdigit() else names(host, "/etc/passwd").get(int(login_id), "")
    )


def groups_of(host: Host, user: str) -> frozenset[str] | None:
    """The groups of an account, of a directory too; None where they are not known."""
    try:
        done = host.query(["id", "-Gnz", "--", user])
    except HostError:
        return None
    return frozenset(done.out.strip("\0").split("\0")) if done.rc == 0 and done.out else None


def refuse_shut_out(who: Visitor, before: Answer, after: Answer, pending: bool) -> None:
    """Raises ChangeRefused where sshd would not let this very visitor in again.

    `pending`: sshd runs with something else than its files say, so that nobody knows what it allows now.
    """
    came = f"this connection came as {who.user}"
    why = not_allowed(who.user, who.address, who.groups, after)
    if why:
        raise ChangeRefused(f"{came}, whom sshd would not let in any more: {why}")
    if who.sign_in is None:
        for method, (keyword, name) in METHODS.items():
            known = not pending or method not in USUAL
            if after.settings.get(keyword) == "no" and not (known and before.settings.get(keyword) == "no"):
                raise ChangeRefused(
                    f"{came}, and sshd's log does not say by which method: {name} no could shut it out; "
                    "set LogLevel INFO, come again, and repeat the roll-out"
                )
        return
    method = who.sign_in.method.partition("/")[0]
    keyword, name = METHODS.get(method, ("", ""))
    if keyword and after.settings.get(keyword, "yes") == "no":
        raise ChangeRefused(f"{came} by {method}, and {name} no would shut it out: use another method first")
    chains = after.settings.get("authenticationmethods", "any").split()
    if chains != ["any"] and not any(re.split(r"[:/]", chain.split(",")[-1])[0] == method for chain in chains):
        raise ChangeRefused(f"{came} by {method}, and AuthenticationMethods {' '.join(chains)} would shut it out")
    if who.user == "root":
        _refuse_root(came, method, after)
    if method == "publickey":
        _refuse_key(came, who.sign_in.key, after)


def _refuse_root(came: str, method: str, after: Answer) -> None:
    root = after.settings.get("permitrootlogin", "")
    by_word = method in ("password", "keyboard-interactive", "none")
    if by_word and root in ("without-password", "prohibit-password", "forced-commands-only"):
        raise ChangeRefused(f"{came} by {method}, and PermitRootLogin {root} would shut it out: use a key first")


def _refuse_key(came: str, kind: str, after: Answer) -> None:
    """Raises ChangeRefused where the kind of the key is no longer taken."""
    taken = after.settings.get("pubkeyacceptedalgorithms", "").split(",")
    algorithms = KINDS.get(kind[: -len(CERTIFICATE)] if kind.endswith(CERTIFICATE) else kind, ())
    if kind.endswith(CERTIFICATE):
        algorithms = tuple(f"{name.partition('@')[0]}-cert-v01@openssh.com" for name in algorithms)
    if algorithms and taken != [""] and not any(_any_like(name, taken) for name in algorithms):
        raise ChangeRefused(f"{came} with a key of the kind {kind}, which PubkeyAcceptedAlgorithms would refuse")


def not_allowed(user: str, address: str, groups: frozenset[str] | None, answer: Answer) -> str:
    """Why sshd lets an account in from nowhere or not from `address`, empty where it does. In sshd's own order."""
    if user == "root" and answer.settings.get("permitrootlogin") == "no":
        return "PermitRootLogin no; let Leeboard come with an account that may use sudo"
    for keyword, name, wanted in (("denyusers", "DenyUsers", False), ("allowusers", "AllowUsers", True)):
        patterns = _words(answer, keyword)
        if patterns and _user_listed(user, address, patterns) != wanted:
            return f"{name} {' '.join(patterns)}"[:200]
    for keyword, name, wanted in (("denygroups", "DenyGroups", False), ("allowgroups", "AllowGroups", True)):
        patterns = _words(answer, keyword)
        if not patterns:
            continue
        if groups is None:
            return f"{name} is set, and the groups of {user} are not known here"
        if any(_any_like(group, patterns) for group in groups) != wanted:
            return f"{name} {' '.join(patterns)}"[:200]
    return ""


def _words(answer: Answer, keyword: str) -> list[str]:
    """All words of a keyword; sshd prints a line for each."""
    return [word for key, text in answer.lines if key == keyword for word in text.split()]


def _user_listed(user: str, address: str, patterns: list[str]) -> bool:
    for pattern in patterns:
        name, at, place = pattern.partition("@")
        # An account of a directory has an @ of its own.
        if _any_like(user, [pattern]) or (at and _any_like(user, [name]) and _at_place(address, place)):
            return True
    return False


def _at_place(address: str, place: str) -> bool:
    if "/" not in place:
        return _any_like(address, [place])
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(place, strict=False)
    except ValueError:
        return False


def _any_like(text: str, patterns: Iterable[str]) -> bool:
    # Brackets are plain characters for sshd.
    return any(fnmatch.fnmatchcase(text, pattern.replace("[", "[[]")) for pattern in patterns)
