"""Charon itself judges what the authority issues and what is exported for a gateway: who is let in, by which list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leeboard.authority import lists
from leeboard.authority.certificates import issue_gateway, revoke_device
from leeboard.authority.gateways import strongswan
from leeboard.authority.gateways.wanted import Peer, Wanted
from leeboard.authority.records import Reason
from leeboard.model.enums import Level
from tests.services import charons
from tests.services.charons import Charon, export, put, two_charons
from tests.unit.authority.authorities import GATEWAY, Authority, an_authority, key_of_device, request

CLIENT = f"""connections {{
  home {{
    version = 2
    local_addrs = {charons.LAPTOP}
    remote_addrs = {charons.GATEWAY}
    proposals = aes128gcm16-prfsha256-ecp256
    childless = force
    mobike = no
    local {{
      auth = pubkey
      certs = laptop.pem
      id = lt-014.900001.leeboard.internal
    }}
    remote {{
      auth = pubkey
      id = {GATEWAY}
    }}
  }}
}}
"""


@dataclass
class Pair:
    """A gateway as it was exported, and a laptop."""

    authority: Authority
    gateway: Charon
    laptop: Charon

    def configure(self, strict: bool) -> None:
        """What the export says, for this one laptop."""
        known = self.authority.known
        peer = Peer("900001", "LT-014", "lt-014.900001.leeboard.internal", ("10.99.0.1",))
        wanted = Wanted(
            GATEWAY, Level.SENSITIVE, known.beginning.root, known.issuing, peers=(peer,), strict=strict,
            pools=("10.99.0.0/24",),
        )  # fmt: skip
        export(self.gateway, wanted)
        self.load()

    def lists(self, at: datetime) -> None:
        """Sign the lists at a moment and lay them where the timer does."""
        for path in lists.sign(self.authority.var, at).files:
            (self.gateway.swanctl_folder / "x509crl" / path.name).write_bytes(path.read_bytes())
        # As the script of the timer does it.
        for words in (("--flush-certs",), ("--load-creds", "--noprompt")):
            assert self.gateway.swanctl(*words).returncode == 0

    def no_lists(self) -> None:
        for path in (self.gateway.swanctl_folder / "x509crl").iterdir():
            path.unlink()
        self.load()

    def load(self) -> None:
        self.gateway.swanctl("--flush-certs")
        self.gateway.load()

    def connects(self) -> bool:
        """Whether the laptop is let in, from scratch."""
        done = self.laptop.swanctl("--initiate", "--ike", "home", "--timeout", "20")
        established = "lt-014.900001.leeboard.internal" in self.gateway.swanctl("--list-sas").stdout
        self.laptop.swanctl("--terminate", "--ike", "home", "--force", "--timeout", "5")
        self.gateway.swanctl("--terminate", "--ike", "leeboard-lt-014-900001", "--force", "--timeout", "5")
        assert established is (done.returncode == 0), done.stdout + done.stderr
        return established


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("charons")
    at = datetime.now(UTC)
    with an_authority(folder, at=at) as authority, two_charons(folder) as (gateway, laptop):
        key = key_of_device()
        issued = issue_gateway(authority.var, GATEWAY, request(key), at)
        put(gateway, issued, key, "leeboard-gateway")
        mine = key_of_device()
        put(laptop, authority.issue(key=mine), mine, "laptop")
        (laptop.swanctl_folder / "swanctl.conf").write_text(CLIENT)
        assert laptop.swanctl("--load-all", "--noprompt").returncode == 0
        yield Pair(authority, gateway, laptop)


def test_who_is_let_in_is_what_the_page_of_the_gateway_says(pair: Pair) -> None:
    now = pair.authority.at
    seen = {}
    for strict in (False, True):
        pair.configure(strict)
        pair.no_lists()
        seen[strict, "missing"] = pair.connects()
        pair.lists(now - timedelta(days=6))
        seen[strict, "past its end"] = pair.connects()
        pair.lists(now)
        seen[strict, "in time"] = pair.connects()
    assert seen == {
        (False, "missing"): True, (False, "past its end"): True, (False, "in time"): True,
        (True, "missing"): False, (True, "past its end"): False, (True, "in time"): True,
    }, pair.gateway.log[-3000:]  # fmt: skip
    revoke_device(pair.authority.var, "900001", "LT-014", Reason.STOLEN, now)
    pair.lists(now)
    assert not pair.connects() and "certificate was revoked on" in pair.gateway.log
    pair.configure(strict=False)
    assert not pair.connects()


def test_a_stranger_s_certificate_is_refused(pair: Pair, tmp_path: Path) -> None:
    with an_authority(tmp_path, at=pair.authority.at) as other:
        key = key_of_device()
        put(pair.laptop, other.issue(key=key), key, "laptop")
        (pair.laptop.swanctl_folder / "x509ca/ours.pem").write_text(pair.authority.known.beginning.root.certificate)
        (pair.laptop.swanctl_folder / "x509ca/ours2.pem").write_text(pair.authority.known.current.certificate)
        pair.laptop.swanctl("--load-all", "--clear", "--noprompt")
        pair.configure(strict=False)
        assert not pair.connects() and "no trusted ECDSA public key found" in pair.gateway.log


def test_swanctl_takes_the_file_for_a_thousand_devices(pair: Pair) -> None:
    known = pair.authority.known
    peers = tuple(
        Peer("900001", f"EP-{n}", f"ep-{n}.900001.leeboard.internal", (f"10.98.{n // 250}.{n % 250 + 1}",))
        for n in range(1000)
    )
    conf = strongswan.conf(
        Wanted(GATEWAY, Level.HIGH, known.beginning.root, known.issuing, peers=peers, pools=("10.98.0.0/16",))
    )
    (pair.gateway.swanctl_folder / "conf.d/leeboard.conf").write_text(conf)
    done = pair.gateway.swanctl("--load-all", "--clear", "--noprompt")
    assert done.returncode == 0 and "loaded connection 'leeboard-ep-999-900001'" in done.stdout, done.stderr
