"""A school's VPN from its declaration to a stolen laptop: one controller, one gateway by its export, two laptops.

All is done by the commands that docs/vpn.md and the page of the export have; the tunnels are strongSwan's own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.controls.left_behind import Searched, plant
from tests.unit.escrow.vaults import another_volume
from tests.vm.machine import Machine
from tests.vm.qemu import Cable
from tests.vm.school_vpn import Controller, ExportedGateway, laptop, web_server
from tests.vm.vpn import INSIDE, Laptop
from tests.windows.wire.secrets import leaks

pytestmark = pytest.mark.full  # three emulated machines: half an hour
KEPT = "/etc/swanctl/private"
FIRST, SECOND = "leeboard-lt-014-900001", "leeboard-lt-015-900001"
School = tuple[Controller, ExportedGateway, Laptop, Laptop]


@pytest.fixture
def school(new_machine: Callable[..., Machine], tmp_path: Path) -> Iterator[School]:
    (one_end, first), (other_end, second) = Cable.pair(tmp_path), Cable.pair(tmp_path, 1)
    gateway = new_machine("gateway", cables=(one_end, other_end))
    machines = new_machine("gnome", cables=(first,)), new_machine("gnome", serial="LAB-LT-015", cables=(second,))
    with another_volume(tmp_path) as second_volume:
        controller = Controller(tmp_path / "desk", second_volume, machines[0])
        with web_server(controller.lists) as port:
            controller.begins(port)
            yield (
                controller, ExportedGateway(gateway, controller),
                laptop(machines[0], "LT-014"), laptop(machines[1], "LT-015"),
            )  # fmt: skip


def key_of(device: Laptop) -> str:
    """The second line of the device's only key: 48 of its bytes, in base64."""
    (name,) = device.machine.root(f"ls {KEPT}").stdout.split()
    return device.machine.root(f"sed -n 2p {KEPT}/{name}").stdout.strip()


def through_and_not_beside(gateway: ExportedGateway, card: str, device: Laptop) -> None:
    before = gateway.counted(card)
    for address in INSIDE:
        assert device.reaches(address), address
    after = gateway.counted(card)
    assert after["esp"] > before["esp"] and after["other"] == before["other"]


def test_a_roll_out_leaves_the_key_where_it_was_made_and_nowhere_else(school: School, tmp_path: Path) -> None:
    controller, gateway, first, _second = school
    gateway.is_set_up()
    with Searched(first.machine, tmp_path / "left") as search:
        controller.rolls_out("--limit", "lt-014.900001")
        plant(first.machine, "planted-and-to-be-found")
    assert search.finds("planted-and-to-be-found")
    key = key_of(first)
    assert {Path(one.rpartition(":")[0]).parent for one in search.finds(key)} == {tmp_path / f"left{KEPT}"}
    assert not leaks(key, controller.folder, *controller.said)


def test_from_the_declaration_to_a_stolen_laptop(school: School) -> None:
    controller, gateway, first, second = school
    gateway.is_set_up()
    changed, _said = controller.rolls_out()
    assert min(changed.values()) > 0 and len(changed) == 2, changed

    # The gateway knows devices by their certificates, so it is told once they have them.
    gateway.takes_a_new_export()
    for device in (first, second):
        device.waits_for_the_tunnel()
    found = gateway.tunnels()
    assert f"{FIRST}: " in found and f"{SECOND}: " in found
    through_and_not_beside(gateway, "eth1", first)
    through_and_not_beside(gateway, "eth2", second)
    for address in ("10.99.0.2", "2001:db8:99::2", "10.99.0.3", "2001:db8:99::3"):
        assert gateway.reaches(address), address

    # Strict, once the lists are there: whoever is in order gets in as before.
    assert gateway.brings_lists().count("next") == 2
    gateway.takes_a_new_export("--strict")
    for device in (first, second):
        device.machine.root("swanctl --terminate --ike leeboard --force --timeout 5", check=False)
        device.waits_for_the_tunnel()

    changed, said = controller.rolls_out()
    assert set(changed.values()) == {0}, said[-20000:]
    for asset, verdicts in controller.verdicts().items():
        found_here = {name: verdicts[f"REM-0{name}"] for name in "12345"}
        assert set(found_here.values()) == {"compliant"}, f"{asset}: {found_here}"

    # The second laptop is stolen while it is connected.
    said = controller.leeboard("vpn", "revoke", "LT-015", "--reason", "stolen")
    assert "end the tunnel of lt-015.900001.leeboard.internal" in said
    gateway.ends_what_was_revoked(SECOND)
    since = time.monotonic()
    assert "AUTHENTICATION_FAILED" in second.fails_to_begin()
    before = gateway.counted("eth2")
    assert not second.reaches(INSIDE[1]) and not gateway.reaches("10.99.0.3")
    assert gateway.counted("eth2")["esp"] == before["esp"]
    while time.monotonic() < since + 60:  # charon begins again and again
        assert "INSTALLED" not in second.sas()
        time.sleep(5)
    assert SECOND not in gateway.tunnels() or "ESTABLISHED" not in gateway.tunnels().partition(SECOND)[2][:200]
    through_and_not_beside(gateway, "eth1", first)
    assert "certificate was revoked on" in controller.rolls_out(ends=2)[1]
    assert "INSTALLED" not in second.sas()

    # The first one's certificate is replaced under its running tunnel.
    (old,) = first.machine.root(f"ls {KEPT}").stdout.split()
    controller.leeboard("vpn", "revoke", "LT-014", "--reason", "replaced")
    changed, said = controller.rolls_out("--limit", "lt-014.900001")
    assert changed == {"lt-014": changed["lt-014"]} and changed["lt-014"] > 0, said
    (new,) = first.machine.root(f"ls {KEPT}").stdout.split()
    assert new != old and first.machine.root("ls /etc/swanctl/x509").stdout.split() == [new]
    gateway.brings_lists()
    first.machine.reboot()
    first.waits_for_the_tunnel()
    through_and_not_beside(gateway, "eth1", first)

    # What the first roll-out wrote goes; the certificate is in no journal and stays.
    said = controller.leeboard("undo", "--run", controller.run_of_roll_out(0), "-i", str(controller.estate), "--device",
                               "LT-014", "--yes")  # fmt: skip
    assert first.machine.root("ls /etc/swanctl/conf.d").stdout.split() == [], said
    first.waits_for_no_tunnel()
