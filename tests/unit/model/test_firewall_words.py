"""What a school says of its firewall, in words, and what is said of a list that makes none."""

from __future__ import annotations

from typing import Any

import pytest

from leeboard.errors import LeeboardError
from leeboard.model.device import device
from leeboard.model.firewall_words import WrongWords, networks, openings

WEB = {"port": 443, "protocol": "tcp", "why": "the web server"}
HOST = {
    "leeboard_urn": "900001", "leeboard_platform": "linux", "leeboard_form": "desktop", "leeboard_role": "office",
    "leeboard_level": "standard",
}  # fmt: skip


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["2001:DB8:5::/48", "10.20.0.0/16", "10.20.0.0/16"], "10.20.0.0/16 2001:db8:5::/48"),
        ("10.30.0.0/16\n10.20.0.0/16", "10.20.0.0/16 10.30.0.0/16"),
        ("192.0.2.7", "192.0.2.7/32"),
        ([], "none"),
        ("none", "none"),
    ],
)
def test_networks_in_words(given: Any, words: str) -> None:
    assert networks(given) == words
    assert networks(words) == words


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([WEB, {**WEB, "port": "5000-5010", "protocol": "udp", "from": "10.20.0.0/16"}],
         "tcp:443 udp:5000-5010@10.20.0.0/16"),
        ("udp:161@2001:DB8::/32 tcp:443", "tcp:443 udp:161@2001:db8::/32"),
        ([{**WEB, "port": "7-7"}], "tcp:7"),
        ([], "none"),
    ],
)  # fmt: skip
def test_openings_in_words(given: Any, words: str) -> None:
    assert openings(given) == words
    assert openings(words) == words


@pytest.mark.parametrize(
    ("read", "given", "words"),
    [
        (networks, "10.20.0.1/16", "1: is '10.20.0.1/16': must be a network"),
        (networks, ["10.20.0.0/16", "hill"], "2: is 'hill': must be a network"),
        (networks, [7], "1: is '7': must be a network"),
        (networks, 7, "must be a list"),
        (networks, "0.0.0.0/0", "1: is '0.0.0.0/0': that is everybody"),
        (networks, ["::/0"], "that is everybody"),
        (networks, "::ffff:10.0.0.0/104", "write it as a network of IPv4"),
        (networks, ["10.0.0.0/8"] * 101, "has 101 entries, at most 100"),
        (openings, [{**WEB, "port": 0}], "1.port: must be a port"),
        (openings, [{**WEB, "port": True}], "1.port: must be a port"),
        (openings, [{**WEB, "port": "90-80"}], "1.port: must be a port"),
        (openings, [{**WEB, "port": "1-70000"}], "1.port: must be a port"),
        (openings, [WEB, {**WEB, "protocol": "icmp"}], "2.protocol: must be tcp or udp"),
        (openings, [{**WEB, "from": "10.0.0.1/8"}], "1.from: is '10.0.0.1/8': must be a network"),
        (openings, [{"port": 1, "protocol": "tcp"}], "1.why: must say in at most 200 characters why"),
        (openings, [{**WEB, "why": " "}], "1.why: must say"),
        (openings, [{**WEB, "form": "10.0.0.0/8"}], "1.form: is no key that is known here"),
        (openings, [7], "1: must have the keys port, protocol, from, why"),
        (openings, "tcp/443", "1: is 'tcp/443': must be such as tcp:443"),
        (openings, "tcp:443; drop", "must be such as"),
    ],
)
def test_what_makes_no_words_is_named_by_its_place(read: Any, given: Any, words: str) -> None:
    with pytest.raises(WrongWords) as refused:
        read(given)
    assert words in str(refused.value)


def test_a_device_has_them_in_words_and_a_wrong_one_is_named() -> None:
    names = ("management_networks", "firewall_allow", "notice_text")
    given = {**HOST, "leeboard_management_networks": ["10.20.0.0/16"], "leeboard_firewall_allow": [WEB]}
    assert device("pc1", given, names).parameters == {
        "management_networks": "10.20.0.0/16",
        "firewall_allow": "tcp:443",
    }
    with pytest.raises(LeeboardError, match=r"^pc1: leeboard_firewall_allow: 1\.port: must be a port"):
        device("pc1", {**given, "leeboard_firewall_allow": [{**WEB, "port": "ssh"}]}, names)
