"""Whom to ask sshd about: an ordinary user, root, an administrator, and for each Match block somebody it is meant for.

A question is what follows `sshd -T -C`. Patterns are those of ssh_config(5): lists parted by commas, * and ?, an
exclamation mark for "not", and CIDR for addresses.
"""

from __future__ import annotations

import fnmatch
import ipaddress
import re
from collections.abc import Callable

from ..engine.host import Host
from ..system.people import accounts, groups, members, names
from .files import MatchBlock

PLAIN_NAME = re.compile(r"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}\Z")  # a comma would break the list after -C
PLAIN_HOST = re.compile(r"\A[A-Za-z0-9.:-]{1,100}\Z")
NOBODY = "leeboard-nobody"
HERE = "127.0.0.1"
# Where somebody may come from whom no pattern names.
ELSEWHERE = (HERE, "203.0.113.77", "192.168.77.66", "10.77.66.55", "2001:db8::77")
NAMES = ("localhost", "stranger.example")
MOST_QUESTIONS = 40


class Question:
    """One person and one way of coming: `who` in words, `user`, `spec` for -C, and the block it is for, or None."""

    def __init__(self, who: str, user: str, spec: str, block: MatchBlock | None = None) -> None:
        self.who = who
        self.user = user
        self.spec = spec
        self.block = block


class Person:
    """A name and the groups it is in."""

    def __init__(self, name: str, groups: set[str]) -> None:
        self.name = name
        self.groups = groups


def usual(host: Host) -> list[Question]:
    """Questions for an ordinary user, root and one administrator, all from this machine itself. Raises HostError."""
    people = _ordinary(host)
    chiefs = [name for name in members(host, "sudo") if name in people]
    plain = [name for name in people if name not in chiefs]
    askable = [("an ordinary user", plain[0] if plain else NOBODY), ("root", "root")]
    askable += [("an administrator", name) for name in chiefs[:1]]
    return [Question(f"{who} from {HERE}", user, _spec(user)) for who, user in askable]


def for_blocks(host: Host, blocks: list[MatchBlock]) -> list[Question]:
    """Questions for each Match block, as an ordinary member of it and as root where it may be root. Raises HostError.

    A block for which nobody can be found has none.
    """
    people = _people(host)
    questions: list[Question] = []
    for block in blocks:
        member, root = (
            _question(block, [person for person in people if (person.name == "root") == is_root], is_root)
            for is_root in (False, True)
        )
        if member and root:
            root.who = f"root by {root.who}"
        questions += [question for question in (member, root) if question]
    return questions[:MOST_QUESTIONS]


def may_be_root(host: Host, block: MatchBlock) -> bool:
    """Whether root could be meant by a block. Raises HostError."""
    root = [person for person in _people(host) if person.name == "root"]
    return bool(_persons(block, root)) or not root


def _question(block: MatchBlock, people: list[Person], root: bool) -> Question | None:
    parts = {"host": "localhost", "addr": HERE, "laddr": HERE, "lport": "22"}
    for criterion, key, usual_values in (("address", "addr", ELSEWHERE), ("localaddress", "laddr", ELSEWHERE)):
        parts[key] = _address([value for name, value in block.criteria if name == criterion], usual_values)
    parts["host"] = _text([value for name, value in block.criteria if name == "host"], NAMES, PLAIN_HOST, fold=True)
    ports = {value for name, value in block.criteria if name == "localport"}
    parts["lport"] = "22" if not ports else ports.pop() if len(ports) == 1 else ""
    if not parts["lport"].isdigit():
        return None
    domains = [value for name, value in block.criteria if name == "rdomain"]
    if domains:
        parts["rdomain"] = _text(domains, (), PLAIN_NAME)
    persons = _persons(block, people)
    if any(name == "invalid-user" for name, _said in block.criteria):
        persons = [] if root else [NOBODY]
    if not persons and not root and not any(name == "group" for name, _said in block.criteria):
        made_up = _text([value for name, value in block.criteria if name == "user"], (NOBODY,), PLAIN_NAME)
        persons = [made_up] if made_up and made_up != "root" else []
    if not persons or not all(parts.values()):
        return None
    flag = ",invalid-user" if any(name == "invalid-user" for name, _said in block.criteria) else ""
    spec = f"user={persons[0]}," + ",".join(f"{key}={value}" for key, value in parts.items()) + flag
    return Question(f"Match {block.text} ({block.place})", persons[0], spec, block)


def _persons(block: MatchBlock, people: list[Person]) -> list[str]:
    """The names of those whom a block's User and Group criteria mean."""
    users = [value for name, value in block.criteria if name == "user"]
    groups = [value for name, value in block.criteria if name == "group"]
    return [
        person.name
        for person in people
        if all(_listed(person.name, patterns) for patterns in users)
        and all(_in_groups(person.groups, patterns) for patterns in groups)
    ]


def _in_groups(groups: set[str], patterns: str) -> bool:
    """As sshd has it: no group that is ruled out, and one that is meant."""
    parts = patterns.split(",")
    if any(part.startswith("!") and _like(group, part[1:]) for part in parts for group in groups):
        return False
    return any(not part.startswith("!") and _like(group, part) for part in parts for group in groups)


def _listed(value: str, patterns: str, like: Callable[[str, str], bool] | None = None) -> bool:
    like = like or _like
    parts = patterns.split(",")
    if any(part.startswith("!") and like(value, part[1:]) for part in parts):
        return False
    return any(not part.startswith("!") and like(value, part) for part in parts)


def _like(value: str, pattern: str) -> bool:
    # Brackets are plain characters for sshd.
    return fnmatch.fnmatchcase(value, pattern.replace("[", "[[]"))


def _like_host(value: str, pattern: str) -> bool:
    return _like(value.lower(), pattern.lower())


def _like_address(value: str, pattern: str) -> bool:
    if "/" in pattern:
        try:
            return ipaddress.ip_address(value) in ipaddress.ip_network(pattern, strict=False)
        except ValueError:
            return False
    return _like(value.lower(), pattern.lower())


def _address(wanted: list[str], usual_values: tuple[str, ...]) -> str:
    """An address that meets every pattern list; an empty text where none was found."""
    candidates = list(usual_values)
    for part in (part for patterns in wanted for part in patterns.split(",") if not part.startswith("!")):
        candidates += _addresses_of(part)
    good = (one for one in candidates if all(_listed(one, patterns, _like_address) for patterns in wanted))
    return next(good, "")


def _addresses_of(pattern: str) -> list[str]:
    if "/" in pattern:
        try:
            network = ipaddress.ip_network(pattern, strict=False)
        except ValueError:
            return []
        few = [1, network.num_addresses // 2, network.num_addresses - 1]
        return [str(network[at]) for at in few if at < network.num_addresses] + [str(network[0])]
    candidates = [pattern.replace("*", one).replace("?", one) for one in ("1", "7", "1.1", "1.1.1", "1::1")]
    return [candidate for candidate in candidates if _is_address(candidate)]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _text(wanted: list[str], usual_values: tuple[str, ...], allowed: re.Pattern[str], fold: bool = False) -> str:
    """A name that meets every pattern list; an empty text where none was found."""
    candidates = list(usual_values)
    for part in (part for patterns in wanted for part in patterns.split(",") if not part.startswith("!")):
        candidates += [part.replace("*", one).replace("?", one or "x") for one in ("", "x")]
    like = _like_host if fold else _like
    good = (candidate for candidate in candidates if allowed.match(candidate))
    return next((one for one in good if all(_listed(one, patterns, like) for patterns in wanted)), "")


def _spec(user: str) -> str:
    return f"user={user},host=localhost,addr={HERE},laddr={HERE},lport=22"


def _ordinary(host: Host) -> list[str]:
    return [account.name for account in accounts(host) if account.ordinary and PLAIN_NAME.match(account.name)]


def _people(host: Host) -> list[Person]:
    """Every account that can be asked about, people first, with its groups. Raises HostError."""
    group_names = names(host, "/etc/group")
    listed = {group.name: group.members for group in groups(host)}
    ordinary = set(_ordinary(host))
    askable = [account for account in accounts(host) if PLAIN_NAME.match(account.name)]
    askable.sort(key=lambda account: account.name not in ordinary)
    return [
        Person(
            account.name,
            {group_names.get(account.gid, "")} | {group for group, those in listed.items() if account.name in those},
        )
        for account in askable
    ]
