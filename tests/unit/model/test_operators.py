"""Each operator: what it accepts, and that `narrows` never lets a weaker demand through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeboard.model.operators import OPERATORS, WrongType
from leeboard.model.values import Value


@pytest.mark.parametrize(
    ("name", "found", "wanted", "expected"),
    [
        ("equals", True, True, True),
        ("equals", False, True, False),
        ("equals", "15", 15, True),
        ("equals", "A notice\r\n", "A notice\n", True),
        ("equals", "A notice", "Another notice", False),
        ("equals", ("b", "a"), ("a", "b"), True),
        ("one_of", "2", ("1", "2"), True),
        ("one_of", 2, ("1", "2"), True),
        ("one_of", "22", ("1", "2"), False),
        ("only", ("a",), ("a", "b"), True),
        ("only", (), ("a", "b"), True),
        ("only", ("a", "c"), ("a", "b"), False),
        ("at_most", 0, 5, True),
        ("at_most", 6, 5, False),
        ("at_most_not_negative", 0, 5, True),
        ("at_most_not_negative", 6, 5, False),
        ("at_most_not_negative", -1, 5, False),
        ("at_most_not_zero", 0, 5, False),
        ("at_most_not_zero", -1, 5, False),
        ("at_least", 900, 900, True),
        ("at_least", 0, 900, False),
        ("at_least", -1, 15, False),
        ("includes", 3, 1, True),
        ("includes", 2, 1, False),
        ("only_from", ("b", "A."), "a b c", True),
        ("only_from", ("a", "x"), "a b", False),
        ("only_from", (), "a b", False),
        ("only_from", "a b", "a b", True),
        ("only_from", ("a.b",), "b", False),
        ("only_named", (), "none", True),
        ("only_named", ("x11vnc (TCP 5900 on every address)",), "none", False),
        ("only_named", ("x11vnc (TCP 5900)", "krfb (TCP 5901)"), "KRFB x11vnc: lessons are shown", True),
        ("only_named", ("x11vnc (TCP 5900)", "krfb (TCP 5901)"), "x11vnc: a reason that names krfb", False),
        ("only_named", ("x11vncd (TCP 5900)",), "x11vnc: lessons", False),
        ("only_named", ("x11 (TCP 5900)",), "x11vnc: lessons", False),
        ("only_named", ("anydesk.service (starts)", "vncserver@:1.service (starts)"), "anydesk vncserver: help", True),
        ("only_named", ("gnome-remote-de (TCP 3389)",), "gnome-remote-desktop: lessons", True),
        ("only_named", ("gnome-remote-dx (TCP 3389)",), "gnome-remote-desktop: lessons", False),
        ("only_named", "x11vnc: less", "x11vnc krfb: more", True),
        ("only_named", "x11vnc krfb: more", "x11vnc: less", False),
        ("only_host", ("logs.example",), "Logs.example:6514", True),
        ("only_host", ("logs.example", "other"), "logs.example:6514", False),
        ("only_host", ("*.example",), "logs.example:6514", False),
        ("only_host", (), "logs.example:6514", False),
        ("only_host", ("[::1]",), "https://[::1]:19532", True),
        ("only_host", ("::1",), "[::1]:6514", True),
        ("only_host", ("SHA1:" + "0A:" * 19 + "0A",), "logs.example:6514", True),
        ("only_host", ("SHA1:0A",), "logs.example:6514", False),
        ("only_host", "logs.example:6514", "logs.example:6514", True),
        ("same_place", "Logs.Example.:6514", "logs.example:6514", True),
        ("same_place", "https://logs.example:19532", "https://LOGS.example.:19532", True),
        ("same_place", "logs.example:6515", "logs.example:6514", False),
        ("same_place", "logs.example:6514 and es", "logs.example:6514", False),
        ("same_place", "xlogs.example:6514", "logs.example:6514", False),
        ("same_places", "https://b.example/x  https://A.example/x", "https://a.example/x https://b.example/x", True),
        ("same_places", "https://a.example/x", "https://a.example/x https://b.example/x", False),
        ("same_places", "https://a.example/x https://b.example/x", "https://a.example/x", False),
        ("same_places", "", " ", False),
        ("non_empty", " \n", "", False),
        ("non_empty", "x", "", True),
        ("none", (), (), True),
        ("none", ("a",), (), False),
        ("no_system_details", "Welcome to the school", "", True),
        ("no_system_details", "\\S \\l", "", False),
        ("no_system_details", "\\l on \\n", "", True),
        ("no_system_details", "Debian GNU/Linux 13", "", False),
        ("permissions_at_most", "root:root 0644", "root:root 0644", True),
        ("permissions_at_most", "root:root 0600", "root:root 0644", True),
        ("permissions_at_most", "root:root 0664", "root:root 0644", False),
        ("permissions_at_most", "pupil:root 0644", "root:root 0644", False),
        ("permissions_at_most", "root:adm 0640", "root:root 0644", False),
    ],
)
def test_what_an_operator_accepts(name: str, found: Value, wanted: Value, expected: bool) -> None:
    assert OPERATORS[name].holds(found, wanted) is expected


@pytest.mark.parametrize(
    ("name", "found", "wanted"),
    [
        ("at_most", "soon", 5),
        ("at_most", True, 5),
        ("equals", "yes", True),
        ("equals", 1, True),
        ("none", "a", ()),
        ("only_named", 5, "none"),
        ("permissions_at_most", "rw-r--r--", "root:root 0644"),
    ],
)
def test_a_value_of_another_kind_is_named_and_never_compared(name: str, found: Value, wanted: Value) -> None:
    with pytest.raises(WrongType):
        OPERATORS[name].holds(found, wanted)


NUMBERS = st.integers(min_value=-5, max_value=2000)


@given(
    name=st.sampled_from(["at_most", "at_most_not_negative", "at_most_not_zero", "at_least", "includes", "equals"]),
    mine=NUMBERS,
    theirs=NUMBERS,
    found=NUMBERS,
)
def test_a_narrower_demand_accepts_nothing_new(name: str, mine: int, theirs: int, found: int) -> None:
    operator = OPERATORS[name]
    if operator.narrows(mine, theirs) and operator.holds(found, mine):
        assert operator.holds(found, theirs)


LISTS = st.lists(st.sampled_from(["1", "2", "3"]), max_size=3).map(tuple)


@given(mine=LISTS, theirs=LISTS, found=st.sampled_from(["1", "2", "3"]))
def test_a_narrower_list_accepts_nothing_new(mine: Value, theirs: Value, found: str) -> None:
    operator = OPERATORS["one_of"]
    if operator.narrows(mine, theirs) and operator.holds(found, mine):
        assert operator.holds(found, theirs)
