"""Our reading of KDE's cascade of files, held against KDE's own program over generated files.

kreadconfig6 reads kdeglobals only for a file that is named after the program. So it is started here under the name
kscreenlocker, and then reads what the lock screen reads.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Host
from ansible_collections.leeboard.schools.plugins.module_utils._linux.kconfig.cascade import Group
from ansible_collections.leeboard.schools.plugins.module_utils._linux.kconfig.files import Files
from ansible_collections.leeboard.schools.plugins.module_utils._linux.kconfig.ini import parse
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system.dconf_people import Someone
from hypothesis import given
from hypothesis import strategies as st

FOLDERS = ["/home/ada/.config", "/home/ada/.config/kdedefaults", "/etc/xdg/xdg-plasma", "/etc/xdg"]
NAMES = ["system.kdeglobals", "kdeglobals", "kscreenlockerrc"]
HEADERS = [
    "[Daemon]", "[Daemon][$i]", "[$i]", "[Other][$i]", "[Other]", "[Daemon][Sub][$i]", "[Daemon] # note", "[daemon]",
    "[Daemon", "[Daemon][$i", "[Daemon][$i] # locked", " [Daemon] ", "[Dae\\x6don]", "[][Daemon]", "[Daemon][]",
    "\ufeff[Daemon][$i]",
]  # fmt: skip
KEYS = [
    "Timeout", "Timeout[$i]", "Timeout[$d]", "Timeout[$di]", "Timeout[$id]", "Timeout[$e]", "Timeout[$ie]", "Timeout[]",
    "Timeout[en_GB]", "Timeout[en]", "Timeout[en_GB][$i]", "Timeout[$i][en]", "Timeout[de]", "Timeout[C]",
    "Timeout[de][en]", "Timeout[$d][en]", "Timeout[en", "Timeout ", "timeout", "Time\\x6fut", "Timeout [$i]",
    "Timeout[$i]x", "Lock", "#Timeout", "", "Timeout[$i][$i]", "[Daemon]Timeout",
]  # fmt: skip
VALUES = ["1", "2", "", " 3 ", "\\x34", "\\s5", "5\\", "a\\qb", "\\x4", "\\xzz", "=7", "8=9", "c\\,d\\;", "\\t", "true"]
ENTRIES = st.builds(
    lambda key, equals, value: f"{key}{equals}{value}",
    st.sampled_from(KEYS) | st.just("Timeout"),
    st.sampled_from(["=", "=", "=", " = ", ""]),
    st.sampled_from(VALUES),
)
BODIES = st.lists(ENTRIES | st.sampled_from(HEADERS) | st.sampled_from(HEADERS[:3]), max_size=7)
FILES = st.dictionaries(
    st.tuples(st.sampled_from(FOLDERS), st.sampled_from(NAMES) | st.just("kscreenlockerrc")),
    st.tuples(st.sampled_from(["[Daemon]", "[Daemon][$i]", ""]), BODIES, st.sampled_from(["\n", "\r\n"])),
    min_size=1,
    max_size=6,
)


def kde(root: Path, language: str) -> bytes:
    """What KDE's own program answers, or b"NONE"."""
    own, *rest = (f"{root}{folder}" for folder in FOLDERS)
    environment = {
        "XDG_CONFIG_HOME": own,
        "XDG_CONFIG_DIRS": ":".join(rest),
        "HOME": f"{root}/home/ada",
        "LANG": language,
    }
    argv = ["kscreenlocker", "--group", "Daemon", "--key", "Timeout", "--default", "NONE"]
    program = shutil.which("kreadconfig6")
    done = subprocess.run(argv, executable=program, env=environment, capture_output=True, timeout=600, check=True)
    return done.stdout[:-1]


@pytest.mark.skipif(not shutil.which("kreadconfig6"), reason="kreadconfig6 is not installed on this machine")
@given(
    files=FILES, language=st.sampled_from(["C.UTF-8", "en_GB.UTF-8", "en_US.UTF-8", "de_DE.UTF-8"]), link=st.booleans()
)
def test_the_reading_is_that_of_kde(
    files: dict[tuple[str, str], tuple[str, list[str], str]], language: str, link: bool
) -> None:
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        root.chmod(0o755)
        for folder in FOLDERS:
            (root / folder.lstrip("/")).mkdir(parents=True, exist_ok=True)
        for (folder, name), (first, lines, end) in files.items():
            (root / folder.lstrip("/") / name).write_bytes((end.join([first, *lines]) + end).encode())
        own = root / "home/ada/.config/kscreenlockerrc"
        if link and own.exists():
            own.rename(root / "home/ada/settings")
            own.symlink_to(root / "home/ada/settings")
        sources = Files(Host(root=str(root))).sources(
            "kscreenlockerrc", FOLDERS, Someone("ada", os.geteuid(), "/home/ada")
        )
        spoken = language.partition(".")[0].encode()
        held = Group(sources, b"Daemon", spoken).get(b"Timeout")
        ours = b"NONE" if held is None or held.value is None else held.value
        assert ours == kde(root, language)


@pytest.mark.parametrize(
    ("text", "locked"),
    [
        (b"[Daemon][$i]\nTimeout=5\n", True),
        (b"[$i]\n[Daemon]\nTimeout=5\n", True),
        (b"[Daemon]\nTimeout[$i]=5\n", True),
        (b"[Daemon][$i] # locked\nTimeout=5\n", None),  # another group: Daemon, and in it one that is called $i
        (b"\xef\xbb\xbf[Daemon][$i]\nTimeout=5\n", None),  # a byte order mark makes the header an entry
        (b"[Daemon][$i]\n[Daemon\nTimeout=5\n", False),  # an unfinished header ends what the last one said
        (b"[Daemon]\nTimeout=5\n", False),
    ],
)
def test_which_lines_are_immutable(text: bytes, locked: bool | None) -> None:
    found = [line for line in parse(text).lines.values() if line.group == b"Daemon" and hasattr(line, "key")]
    assert [line.immutable for line in found] == ([] if locked is None else [locked])
