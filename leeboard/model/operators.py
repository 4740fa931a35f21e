"""The operators: does a value that was read meet the value that is wanted, and is one demand weaker than another?

They live here, for both platforms; a device only ever gets exact values to write.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from leeboard.model.values import Value
from leeboard.model.words import measure

NUMBER = re.compile(r"-?[0-9]{1,19}\Z")
# What agetty and motd must not give away: escapes that print the machine's type, release, system name and version.
SYSTEM_ESCAPES = re.compile(r"\\[mrsvS]")
SYSTEM_NAMES = re.compile(r"\b(debian|ubuntu|gnu/linux|linux\s+[0-9]|kernel\s+[0-9])", re.IGNORECASE)
FINGERPRINT = re.compile(r"SHA(1|256):[0-9A-F:]{40,}\Z", re.IGNORECASE)
LAST_DOT = re.compile(r"\.(?=:[0-9]+\Z|\Z)")
UNIT = re.compile(r"(?:@.*)?\.(?:service|socket|timer|path|target)\Z")
KERNEL_KEEPS = 15  # characters of a program's name
PERMISSIONS = re.compile(r"(?P<owner>[^:\s]+):(?P<group>[^:\s]+) (?P<mode>[0-7]{3,5})\Z")


class WrongType(Exception):
    """The device holds a kind of value that the operator cannot compare: drift, and the finding names it."""


@dataclass(frozen=True)
class Operator:
    """A named comparison.

    `holds(actual, wanted)` may raise WrongType. `narrows(mine, theirs)` is true when every value that `mine` accepts is
    accepted by `theirs` as well: an override for which it is false is *weaker*. `phrase` completes "wanted: ...".

    `graded` operators know better and worse: `holds(actual, other)` then says that `actual` is at least as good as
    `other`, whichever it is. `rest(actual, wanted)` has the members of a list that are not accepted.
    """

    name: str
    holds: Callable[[Value, Value], bool]
    narrows: Callable[[Value, Value], bool]
    phrase: str
    graded: bool = False
    rest: Callable[[Value, Value], frozenset[str]] | None = None

    def beyond(self, actual: Value, wanted: Value) -> tuple[Value, ...]:
        """What of a value that does not meet `wanted` is too much: the members of a list, or the value as it is."""
        if self.rest is None:
            return (actual,)
        try:
            return tuple(sorted(self.rest(actual, wanted))) or (actual,)
        except WrongType:
            return (actual,)

    def as_good(self, actual: Value | None, other: Value | None) -> bool:
        """True when `actual` (None: not set) is the same as `other`, or better in the operator's own order."""
        if actual is None or other is None:
            return actual is other
        if _same(actual, other):
            return True
        try:
            return self.graded and self.holds(actual, other)
        except WrongType:
            return False

    def describe(self, wanted: str, unit: str = "") -> str:
        """The demand in words: "at most 900 seconds, and not 0"."""
        return self.phrase.format(wanted=measure(wanted, unit))


def number(value: Value) -> int:
    """An integer, also one that is written as text (the registry keeps some numbers so). Raises WrongType."""
    if isinstance(value, bool):
        raise WrongType("a switch where a number is meant")
    if isinstance(value, int):
        return value
    if isinstance(value, str) and NUMBER.match(value.strip()):
        return int(value.strip())
    raise WrongType("text where a number is meant" if isinstance(value, str) else "a list where a number is meant")


def text(value: Value) -> str:
    """Text with line ends and trailing blanks made alike, since editors and copying change them. Raises WrongType."""
    if not isinstance(value, str):
        raise WrongType("a number, switch or list where text is meant")
    return "\n".join(line.rstrip() for line in value.replace("\r\n", "\n").strip().split("\n"))


def items(value: Value) -> frozenset[str]:
    """The members of a list. Raises WrongType."""
    if isinstance(value, str | bool | int):
        raise WrongType("a single value where a list is meant")
    return frozenset(value)


def _equals(actual: Value, wanted: Value) -> bool:
    if isinstance(wanted, bool):
        if isinstance(actual, bool):
            return actual == wanted
        raise WrongType("not a switch (yes or no)")
    if isinstance(wanted, int):
        return number(actual) == wanted
    if isinstance(wanted, str):
        return text(actual) == text(wanted)
    return items(actual) == items(wanted)


def _permissions_at_most(actual: Value, wanted: Value) -> bool:
    """Same owner; group the same, root, or without any right; no permission bit beyond those wanted."""
    mine, theirs = (PERMISSIONS.match(text(value)) for value in (actual, wanted))
    if mine is None or theirs is None:
        raise WrongType("not of the form owner:group mode")
    beyond = int(mine["mode"], 8) & ~int(theirs["mode"], 8)
    group_has_none = not int(mine["mode"], 8) & 0o070 & ~(int(mine["mode"], 8) & 0o007) << 3
    return (
        beyond == 0
        and mine["owner"] == theirs["owner"]
        and (mine["group"] in (theirs["group"], "root") or group_has_none)
    )


def _non_empty(actual: Value, _wanted: Value) -> bool:
    """More than blanks. A list of lines counts as the text they make (Windows keeps a notice as either)."""
    return bool(text("\n".join(actual) if isinstance(actual, tuple) else actual))


def _no_system_details(actual: Value, _wanted: Value) -> bool:
    return not SYSTEM_ESCAPES.search(text(actual)) and not SYSTEM_NAMES.search(text(actual))


def _one_of(actual: Value, wanted: Value) -> bool:
    """Numbers written as text count as numbers."""
    if isinstance(actual, bool) or not isinstance(actual, int | str):
        raise WrongType("not a single number or text")
    return str(actual).strip() in items(wanted)


def _same(mine: Value, theirs: Value) -> bool:
    # A switch is no number, though Python takes True for 1.
    return isinstance(mine, bool) == isinstance(theirs, bool) and mine == theirs


def _only_from(actual: Value, wanted: Value) -> bool:
    """At least one name, and none that is not among the wanted ones. A text counts as the names between its blanks."""
    mine, theirs = (_names(value) for value in (actual, wanted))
    return bool(mine) and mine <= theirs


def _names(value: Value) -> frozenset[str]:
    names = value.split() if isinstance(value, str) else items(value)
    return frozenset(name.casefold().rstrip(".") for name in names)


def _only_host(actual: Value, wanted: Value) -> bool:
    """At least one peer, and each is the host of the wanted HOST:PORT, or one certificate's fingerprint."""
    peers = (actual,) if isinstance(actual, str) else tuple(items(actual))
    host = _host(text(wanted))
    return bool(peers) and all(FINGERPRINT.match(peer) or _host(peer) == host for peer in peers)


def _same_place(actual: Value, wanted: Value) -> bool:
    """The same HOST:PORT or URL: names of hosts mind neither capitals nor a last dot."""
    mine, theirs = (LAST_DOT.sub("", text(value).casefold()) for value in (actual, wanted))
    return mine == theirs


def _strangers(actual: Value, wanted: Value) -> frozenset[str]:
    """The peers that are neither the wanted host nor a certificate's fingerprint."""
    host = _host(text(wanted))
    peers = frozenset((actual,)) if isinstance(actual, str) else items(actual)
    return frozenset(peer for peer in peers if not FINGERPRINT.match(peer) and _host(peer) != host)


def _same_places(actual: Value, wanted: Value) -> bool:
    """The same URLs, whatever their order, with blanks between them."""
    mine, theirs = (
        frozenset(LAST_DOT.sub("", place) for place in text(value).casefold().split()) for value in (actual, wanted)
    )
    return bool(mine) and mine == theirs


def named(words: str) -> frozenset[str]:
    """The names that a school gives in one text, with blanks between them and a colon before the reason."""
    return frozenset(name.casefold() for name in words.partition(":")[0].split())


def allowed(member: str, words: str) -> bool:
    """Whether a member of a list ("x11vnc (TCP 5900 on every address)") begins with a name that a school gives.

    A unit's ending does not count ("tigervncserver@:1.service"). Of a program's name the kernel keeps 15 characters.
    """
    name = UNIT.sub("", member.split(" ", 1)[0]).casefold()
    names = named(words)
    return name in names or (len(name) == KERNEL_KEEPS and any(one.startswith(name) for one in names))


def _only_named(actual: Value, wanted: Value) -> bool:
    if isinstance(actual, str):
        return named(actual) <= named(text(wanted))
    return not _not_named(actual, wanted)


def _not_named(actual: Value, wanted: Value) -> frozenset[str]:
    return frozenset(member for member in items(actual) if not allowed(member, text(wanted)))


def _host(target: str) -> str:
    """The host of HOST, HOST:PORT, [ADDRESS]:PORT or a URL with one of these."""
    place = target.rpartition("://")[2].partition("/")[0]
    name = place.partition("]")[0].lstrip("[") if place.startswith("[") else place
    return (name.partition(":")[0] if name.count(":") == 1 else name).casefold().rstrip(".")


def _always(_mine: Value, _theirs: Value) -> bool:
    return True


OPERATORS = {
    operator.name: operator
    for operator in (
        Operator("equals", _equals, _same, "{wanted}", graded=True),
        Operator("one_of", _one_of, lambda mine, theirs: items(mine) <= items(theirs), "one of {wanted}"),
        Operator(
            "only",
            lambda actual, wanted: items(actual) <= items(wanted),
            lambda mine, theirs: items(mine) <= items(theirs),
            "nothing but {wanted}",
            rest=lambda actual, wanted: items(actual) - items(wanted),
        ),
        Operator(
            "at_most",
            lambda actual, wanted: number(actual) <= number(wanted),
            lambda mine, theirs: number(mine) <= number(theirs),
            "at most {wanted}",
            graded=True,
        ),
        # A grace time below 0 never ends: it is drift, never the strictest value.
        Operator(
            "at_most_not_negative",
            lambda actual, wanted: 0 <= number(actual) <= number(wanted),
            lambda mine, theirs: 0 <= number(mine) <= number(theirs),
            "at most {wanted}, and not below 0",
            graded=True,
        ),
        # 0 means "off" for these: it is drift, never the strictest value.
        Operator(
            "at_most_not_zero",
            lambda actual, wanted: 0 < number(actual) <= number(wanted),
            lambda mine, theirs: 0 < number(mine) <= number(theirs),
            "at most {wanted}, and not 0",
            graded=True,
        ),
        Operator(
            "at_least",
            lambda actual, wanted: number(actual) >= number(wanted),
            lambda mine, theirs: number(mine) >= number(theirs),
            "at least {wanted}",
            graded=True,
        ),
        # Bits of a mask: 3 (success and failure) fulfils a demand for 1 (success).
        Operator(
            "includes",
            lambda actual, wanted: number(actual) & number(wanted) == number(wanted),
            lambda mine, theirs: number(mine) & number(theirs) == number(theirs),
            "including {wanted}",
            graded=True,
        ),
        Operator(
            "only_from",
            _only_from,
            _only_from,
            "only {wanted}",
            rest=lambda actual, wanted: _names(actual) - _names(wanted),
        ),
        Operator("only_named", _only_named, _only_named, "only what the school allows ({wanted})", rest=_not_named),
        Operator("only_host", _only_host, _only_host, "only the host of {wanted}", rest=_strangers),
        Operator("same_place", _same_place, _same_place, "{wanted}", graded=True),
        Operator("same_places", _same_places, _same_places, "{wanted}", graded=True),
        Operator("non_empty", _non_empty, _always, "something that is not empty"),
        Operator(
            "none",
            lambda actual, _wanted: not items(actual),
            _always,
            "none",
            rest=lambda actual, _wanted: items(actual),
        ),
        Operator("no_system_details", _no_system_details, _always, "no name or version of the system"),
        Operator("permissions_at_most", _permissions_at_most, _permissions_at_most, "at most {wanted}", graded=True),
    )
}
