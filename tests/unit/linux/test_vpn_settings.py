"""strongSwan's configuration language, as its own lexer and charon take it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.strongswan import settings as vpn_settings

from tests.unit.linux import own
from tests.unit.linux.folder import folder

CONF = "/etc/swanctl/swanctl.conf"


def plain(section: Any) -> dict[str, Any]:
    """A section as nested dicts; a key whose value was taken away is None."""
    found: dict[str, Any] = {key: entry.text for key, entry in section.keys.items()}
    return found | {name: plain(child) for name, child in section.sections.items()}


def read(tmp_path: Path, text: str, **more: str) -> dict[str, Any]:
    files = {CONF: text} | {f"/etc/swanctl/{name.replace('__', '/')}.conf": body for name, body in more.items()}
    return plain(vpn_settings.parse(folder(tmp_path, files), CONF).root)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("a = b", {"a": "b"}),
        ("a=b # c\n# d = e\n", {"a": "b"}),
        ("a =   b   c\t d  \n", {"a": "b c d"}),
        ("a =\nb = c\n", {"a": None, "b": "c"}),
        ("a = b\na = c\n", {"a": "c"}),
        ('a = "b # } \\"c\\" \\\\ \\n"', {"a": 'b # } "c" \\ \n'}),
        ('a = "b\\\n  c" d', {"a": "b  c d"}),
        ('a = "b\nc"', {"a": "b\nc"}),
        ("a = b\r\nc = d\r\n", {"a": "b", "c": "d"}),
        ("s { a = b }", {"s": {"a": "b"}}),
        ("s {\n a = b }\ns { c = d\n a = e }", {"s": {"a": "e", "c": "d"}}),
        ("s\n{\n}\n", {"s": {}}),
        ("s { a = {x\n}", {"s": {"a": "{x"}}),
        ("a = x=y", {"a": "x=y"}),
        ("include_x = 1\ninclude = 2", {"include_x": "1", "include": "2"}),
        ("t { a = 1\n b = 2 }\ns : t { a = 3 }", {"t": {"a": "1", "b": "2"}, "s": {"a": "3", "b": "2"}}),
        (
            "t { a = 1 }\nu { a = 2\n b = 3 }\ns : t, u { }",
            {"t": {"a": "1"}, "u": {"a": "2", "b": "3"}, "s": {"a": "1", "b": "3"}},
        ),
        ("t { c { a = 1 } }\ns : t { c { b = 2 } }", {"t": {"c": {"a": "1"}}, "s": {"c": {"b": "2", "a": "1"}}}),
        ("t { a = 1 }\ns : t { a = }", {"t": {"a": "1"}, "s": {"a": None}}),
        ("t { u { a = 1 } }\ns : t.u { }", {"t": {"u": {"a": "1"}}, "s": {"a": "1"}}),
        ("s : nowhere { a = 1 }", {"s": {"a": "1"}}),
        ("s : s { a = 1 }", {"s": {"a": "1"}}),
    ],
)  # fmt: skip
def test_what_is_read(tmp_path: Path, text: str, expected: dict[str, Any]) -> None:
    assert read(tmp_path, text) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("s {\n a = b\n", "line 1: the section is not closed"),
        ("s { a = b }\n}\n", "line 2: a section is closed that was not opened"),
        ("a\nb = c\n", "line 2: a has neither a value nor a section"),
        ("s { a }", "line 1: a section is closed"),
        ("a = b\nc", "line 2: c has neither"),
        ('a = b\n"x" = c', "line 2: '\"' may not stand there"),
        ("a.b = c", "line 1: '.' may not stand there"),
        ('a = "b\n', "line 1: a quotation mark is not closed"),
        ("s : { }", "after a colon come names"),
        ("s : t = 3", "after a colon come names"),
        ("= b", "'=' may not stand there"),
        ("a { b : a { } }", "inherit from each other without end"),
        ("a { " * 2000, "nested too deeply"),
    ],
)
def test_what_strongswan_would_not_load_is_malformed(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(HostError, match=CONF) as caught:
        read(tmp_path, text)
    assert caught.value.code == "malformed"
    assert why in caught.value.why


def test_includes_stand_for_what_they_hold(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "s {\n include conf.d/*.conf\n b = 2\n}\ninclude missing.conf\n",
        conf_d="", **{"conf.d__1": "a = 1", "conf.d__2": "a = 5\nc { d = 4 }"},
    )  # fmt: skip
    assert found == {"s": {"a": "5", "c": {"d": "4"}, "b": "2"}}


def test_the_files_are_named_for_what_they_hold(tmp_path: Path) -> None:
    host = folder(
        tmp_path, {CONF: "include conf.d/*.conf\n", "/etc/swanctl/conf.d/x.conf": "\n\nsecrets { ike { secret = x } }"}
    )
    parsed = vpn_settings.parse(host, CONF)
    assert parsed.files == [CONF, "/etc/swanctl/conf.d/x.conf"]
    assert parsed.folders == ["/etc/swanctl/conf.d"]
    entry = parsed.root.sections["secrets"].sections["ike"].keys["secret"]
    assert (entry.path, entry.place) == ("/etc/swanctl/conf.d/x.conf", "/etc/swanctl/conf.d/x.conf, line 3")


def test_a_file_that_includes_itself_ends(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="included too deeply"):
        read(tmp_path, "include swanctl.conf\n")


def test_a_long_file_is_read_in_good_time(tmp_path: Path) -> None:
    found = read(tmp_path, "".join(f"s{n} {{ a = {n} }}\n" for n in range(5000)))
    assert found["s4999"] == {"a": "4999"}


TRICKY = """
t1 { version = 2
  remote_addrs = 192.0.2.9
  local { auth = psk }
  remote { auth = pubkey }
  children { all { remote_ts = 10.0.0.0/8
    mode = pass } } }
t2 { version = 1
  remote_addrs = 192.0.2.10 }
eap { auth = eap-mschapv2 }
connections : others {
  first : t1, t2 { }
  second : t2, t1 {
    version =
    local-x : eap { }
    children { all { remote_ts = 0.0.0.0/0 }
      two { remote_ts = 1.2.3.0/24, ::/0 } } }
}
others { third { remote_addrs = vpn.example # a comment
    version = "2" }
  fourth { remote_addrs = 0.0.0.0/0, %any
    Local { auth = psk } } }
connections { third { local { } } }
"""


def test_charon_loads_the_same(tmp_path: Path) -> None:
    """What the real charon has loaded from a tricky file is what the driver says of it."""
    script = f"""
import time
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.strongswan import charon as vpn_charon
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.strongswan import swanctl as vpn_swanctl
os.unshare(os.CLONE_NEWNET)
put("/etc/swanctl/conf.d/tricky.conf", {TRICKY!r})
charon = subprocess.Popen(["charon-systemd"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
try:
    for _ in range(100):
        if os.path.exists("/run/charon.vici"):
            break
        time.sleep(0.1)
    subprocess.run(["swanctl", "--load-all"], check=True, capture_output=True)
    def said(profile):
        return [profile.protocol, profile.initiates, sorted(set(profile.authentication)),
                {{tunnel.name: [sorted(tunnel.to), tunnel.notes] for tunnel in profile.tunnels}}]
    found["charon"] = {{name: said(one) for name, one in vpn_charon.loaded(Host()).items()}}
    found["files"] = {{one.name: said(one) for one in vpn_swanctl.profiles(Host())}}
finally:
    charon.terminate()
    charon.wait()
"""
    found = own.run(tmp_path, script, "charon-systemd", "swanctl")
    assert sorted(found["charon"]) == ["first", "fourth", "second", "third"]
    assert json.dumps(found["charon"], sort_keys=True) == json.dumps(found["files"], sort_keys=True)
