"""What agetty prints before the sign-in prompt of a console.

From agetty(8), ISSUE FILES, and tried with util-linux 2.41.5: /etc/issue, then /etc/issue.d/*.issue (only if /etc/issue
is there) in version order; then the same of /run and of /usr/lib. Since 2.41 all of them are always printed and nothing
hides anything; from 2.35 to 2.40 /run is read only if /etc/issue is missing, and /usr/lib only if neither is there.
"""

from __future__ import annotations

import re

from ..engine.host import HostError
from ..engine.reading import Machine
from ..engine.safe_read import text_or_nothing

ETC, RUN, LIB = "/etc/issue", "/run/issue", "/usr/lib/issue"
ALWAYS_ALL = (2, 41)


def fragments(host: Machine, folder: str) -> list[str]:
    """The paths that agetty reads in an issue.d folder, in its order."""
    names = [name for name in host.entries(folder) if name.endswith(".issue") and len(name) > 6 and name[0] != "."]
    return [f"{folder}/{name}" for name in sorted(names, key=_version_order)]


def _version_order(name: str) -> list[tuple[int, int, str]]:
    """Digits compare as numbers (9.issue before 10.issue); a run of digits sorts before letters."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return [(0, int(part[:300]), "") if part.isdigit() else (1, 0, part) for part in parts]


def shown_on_console(host: Machine) -> tuple[str, list[str]]:
    """(text, sources): everything a console shows before its prompt. No sources means there is no file at all.

    Raises HostError; `missing_tool` when agetty's version matters and agetty cannot be asked.
    """
    by_place = {place: _issue_of(host, place) for place in (ETC, RUN, LIB)}
    if by_place[ETC][1] and not any(by_place[place][0] for place in (RUN, LIB)):
        places: tuple[str, ...] = (ETC,)
    elif _prints_all(host):
        places = (ETC, RUN, LIB)
    else:
        places = next(((place,) for place in (ETC, RUN, LIB) if by_place[place][1]), ())
    text = "".join(by_place[place][0] for place in places)
    return text, [source for place in places for source in by_place[place][1]]


def _issue_of(host: Machine, place: str) -> tuple[str, list[str]]:
    """(text, sources) of one place: the file and the folder beside it."""
    text = text_or_nothing(host, place)
    if text is None and place == ETC:
        return "", []
    sources = [] if text is None else [place]
    for path in fragments(host, f"{place}.d"):
        more = text_or_nothing(host, path)
        if more is not None:
            text = (text or "") + more
            sources.append(path)
    return text or "", sources


def _prints_all(host: Machine) -> bool:
    if not any(host.exists(path) or host.exists(f"{path}.d") for path in (RUN, LIB)):
        return True  # nothing there: the versions agree
    done = host.query(["agetty", "--version"])
    matched = re.search(r"util-linux ([0-9]{1,3})\.([0-9]{1,3})", done.out[:200])
    if not matched:
        raise HostError("malformed", f"agetty does not say which version it is: {done.out[:80]!r}")
    return (int(matched.group(1)), int(matched.group(2))) >= ALWAYS_ALL
