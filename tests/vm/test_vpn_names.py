"""Who is asked for names while the school's tunnel is up, by each way that a laptop has to ask."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.vm.authority import Authority
from tests.vm.machine import Machine
from tests.vm.qemu import Cable
from tests.vm.vpn import INSIDE, TUNNEL, Gateway, Laptop
from tests.vm.vpn_names import (
    MANAGER,
    NEARBY,
    PLAIN,
    RESOLVED,
    asks_by,
    gives_addresses_and_answers,
    is_told,
    renews,
)

pytestmark = pytest.mark.full  # two emulated machines: minutes each
DEAD = "systemctl mask -q --runtime strongswan; systemctl kill -s KILL strongswan; sleep 2; ! pgrep charon-systemd"
NO_MORE = "systemctl unmask -q --runtime strongswan; systemctl start strongswan; systemctl stop strongswan"


@pytest.mark.parametrize("resolver", [PLAIN, RESOLVED, MANAGER])
def test_the_school_is_asked_after_a_renewal_too_and_with_a_dead_charon(
    new_machine: Callable[..., Machine], tmp_path: Path, resolver: str
) -> None:
    one_end, other_end = Cable.pair(tmp_path)
    authority = Authority()
    gateway = Gateway(new_machine("gateway", cables=(one_end,)), authority)
    laptop = Laptop(new_machine("roaming", cables=(other_end,)), authority)
    gives_addresses_and_answers(gateway.machine, INSIDE[0])
    asks_by(laptop, resolver)
    assert is_told(laptop) == NEARBY, "before there is a tunnel"
    gateway.offers()
    assert laptop.gets() == [True, ""]
    left_out, after = laptop.does(TUNNEL, tunnel=laptop.words(dns=INSIDE[0]), run="lab-run")
    assert left_out == {} and after["running"]["value"] == after["effective"]["value"], after
    laptop.waits_for_the_tunnel()
    before = gateway.counted()["other"]
    assert is_told(laptop) == INSIDE[0]
    renews(laptop, resolver)
    assert is_told(laptop) == INSIDE[0], "after a renewal"
    assert NEARBY in laptop.machine.root("cat /etc/resolv.conf /run/systemd/resolve/resolv.conf", check=False).stdout
    # What the kernel has of the tunnel outlives its daemon, and so does where names go.
    laptop.machine.root(DEAD)
    assert is_told(laptop) == INSIDE[0], "charon is dead"
    assert gateway.counted()["other"] == before, "and nothing of it went beside the tunnel"
    laptop.machine.root(NO_MORE, timeout=300)
    assert is_told(laptop) == NEARBY, "there is no tunnel any more"
