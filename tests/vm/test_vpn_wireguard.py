"""The school's own tunnel of WireGuard between machines: what goes through it, and that nothing goes beside it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.vm.machine import Machine
from tests.vm.qemu import Cable
from tests.vm.vpn import INSIDE, READ, TUNNEL
from tests.vm.vpn_names import MANAGER, PLAIN, RESOLVED, asks_by, gives_addresses_and_answers, is_told, renews
from tests.vm.vpn_names import NEARBY as NAMES_NEARBY
from tests.vm.wireguard import CONF, KEY, NEARBY, WireGuardGateway, WireGuardLaptop

pytestmark = pytest.mark.full  # two emulated machines: minutes each
Ends = tuple[WireGuardGateway, WireGuardLaptop]


@pytest.fixture
def ends(new_machine: Callable[..., Machine], tmp_path: Path) -> Ends:
    first, second = (new_machine("gnome", cables=(end,)) for end in Cable.pair(tmp_path))
    return WireGuardGateway(first), WireGuardLaptop(second)


def begin(gateway: WireGuardGateway, laptop: WireGuardLaptop) -> None:
    gateway.gets(laptop.peer)
    left_out, after = laptop.does(TUNNEL, tunnel=laptop.tunnel(gateway), run="lab-run")
    assert left_out == {} and after["running"]["value"] == after["effective"]["value"], after


def through_and_not_beside(gateway: WireGuardGateway, laptop: WireGuardLaptop) -> None:
    before = gateway.counted()
    for address in INSIDE:
        assert laptop.reaches(address), address
    after = gateway.counted()
    assert after["tunnel"] > before["tunnel"] and after["other"] == before["other"]


def test_both_families_go_through_it_and_it_comes_back_by_itself(ends: Ends) -> None:
    gateway, laptop = ends
    begin(gateway, laptop)
    through_and_not_beside(gateway, laptop)
    modes = laptop.machine.root(f"stat -c '%U:%G %a' {KEY} {CONF} /etc/wireguard").stdout.splitlines()
    assert modes == ["root:root 600", "root:root 600", "root:root 700"]
    private = laptop.machine.root(f"cat {KEY}").stdout.strip()
    holders = "grep -rlsF -f - /etc /var /run /tmp /root /home --devices=skip"
    assert laptop.machine.root(holders, input=private, timeout=600).stdout.split() == [KEY]
    # networkd takes away what it did not make; wg-quick's rules and routes stay.
    laptop.machine.root("networkctl reload; networkctl reconfigure eth1; systemctl restart systemd-networkd; sleep 6")
    through_and_not_beside(gateway, laptop)
    laptop.machine.reboot()
    laptop.waits_for_a_handshake()
    through_and_not_beside(gateway, laptop)
    assert laptop.does(READ)["running"]["value"] == " ".join(sorted(laptop.tunnel(gateway).split()))


def test_a_minute_on_the_wire_has_nothing_beside_it(ends: Ends) -> None:
    gateway, laptop = ends
    begin(gateway, laptop)
    before, began = gateway.counted(), time.monotonic()
    # What is in the network nearby is reached as little as all else, by whatever way somebody tries.
    assert not laptop.reaches(NEARBY[0]) and not laptop.reaches_by_the_card(NEARBY[0])
    assert not laptop.reaches_by_the_card("2001:db8:1::1") and not laptop.reaches_by_the_card(INSIDE[0])
    laptop.machine.root(f"ping -c 3 -W 2 -I eth1 {NEARBY[0]}; ping -c 3 -W 2 ff02::1%eth1", check=False)
    while time.monotonic() < began + 60:
        assert laptop.reaches(INSIDE[0]) and laptop.reaches(INSIDE[1])
    assert gateway.counted()["other"] == before["other"]
    assert gateway.gets_in(), "who comes by the card is answered there"


@pytest.mark.parametrize("resolver", [PLAIN, RESOLVED, MANAGER])
def test_names_are_asked_of_the_school_whoever_the_resolver_asks(
    new_machine: Callable[..., Machine], tmp_path: Path, resolver: str
) -> None:
    first, second = (new_machine("roaming", cables=(end,)) for end in Cable.pair(tmp_path))
    gateway, laptop = WireGuardGateway(first), WireGuardLaptop(second)
    gives_addresses_and_answers(gateway.machine, INSIDE[0])
    asks_by(laptop, resolver)
    assert is_told(laptop) == NAMES_NEARBY, "before there is a tunnel"
    begin(gateway, laptop)
    before = gateway.counted()["other"]
    assert is_told(laptop) == INSIDE[0]
    renews(laptop, resolver)
    assert is_told(laptop) == INSIDE[0], "after a renewal"
    if resolver == RESOLVED:
        assert INSIDE[0] in laptop.machine.root("resolvectl dns leeboard").stdout, "it is told, and not only overruled"
        laptop.machine.root("systemctl restart systemd-resolved")
        assert is_told(laptop) == INSIDE[0], "it was restarted"
    assert gateway.counted()["other"] == before, "nothing of it went beside the tunnel"
    laptop.does(TUNNEL, tunnel="none", run="lab-run-2")
    assert is_told(laptop) == NAMES_NEARBY, "there is no tunnel any more"


def test_a_rule_that_says_something_else_is_drift_and_is_loaded_anew(ends: Ends) -> None:
    gateway, laptop = ends
    begin(gateway, laptop)
    wanted = " ".join(sorted(laptop.tunnel(gateway).split()))
    assert laptop.does(READ)["running"]["value"] == wanted and not laptop.reaches_by_the_card(NEARBY[0])
    # As many rules as before, in the same chain.
    laptop.machine.root(
        "set -e; rule=$(nft -a list chain inet leeboard_wireguard past | sed -n 's/.* drop # handle //p');"
        "nft replace rule inet leeboard_wireguard past handle $rule ct direction original meta mark != 51820 accept"
    )
    assert laptop.reaches_by_the_card(NEARBY[0]), "it goes past the tunnel now"
    found = laptop.does(READ)["running"]
    assert found["value"] == "none" and "is not as /etc/wireguard/leeboard.conf says" in found["source"]
    left_out, after = laptop.does(TUNNEL, tunnel=laptop.tunnel(gateway), run="lab-run-2")
    assert left_out == {} and after["running"]["value"] == wanted
    assert not laptop.reaches_by_the_card(NEARBY[0])


def test_a_peer_that_is_exported_no_more_is_cut_off_and_the_device_has_no_network(ends: Ends) -> None:
    gateway, laptop = ends
    gateway.gets()
    assert not laptop.is_answered(gateway), "the gateway does not know it"
    assert "leeboard-try" not in laptop.machine.root("ls /sys/class/net").stdout
    begin(gateway, laptop)
    assert laptop.is_answered(gateway) and laptop.reaches(INSIDE[0]) and gateway.knows() == [laptop.public_key]
    gateway.gets()  # an export after leeboard vpn revoke: nobody is left
    assert gateway.knows() == [] and not laptop.reaches(INSIDE[0])
    before = gateway.counted()
    assert not laptop.reaches(NEARBY[0]), "it fails closed"
    assert gateway.counted()["other"] == before["other"] and gateway.gets_in()
    # Whoever comes to it by its card has the tunnel taken away, key and all.
    laptop.does(TUNNEL, tunnel="none", run="lab-run-2")
    assert laptop.does(READ)["effective"]["state"] == "absent"
    left = "ls /etc/wireguard /sys/class/net; nft list tables; ip rule; ip -6 rule"
    found = laptop.machine.root(left).stdout
    assert "leeboard" not in found and "51820" not in found, found
    assert laptop.reaches(NEARBY[0])
