"""What a Windows client would offer to the school's gateway, offered by one of strongSwan that has its six numbers.

The gateway is charon with what is exported for it, and judges by itself; the client has the certificate of a Windows
device, for a request of certreq's form. This proves what the numbers and the certificate mean to such a gateway, and
nothing about Windows. Both charons agree on an IKE SA first and on ESP afterwards (CREATE_CHILD_SA), where the group
of the rekey is agreed on too. Whether the kernel has the cipher of ESP does not matter: the gateway's log has what it
chose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from leeboard.authority.certificates import Registered, issue_device, issue_gateway
from leeboard.authority.gateways import strongswan
from leeboard.authority.gateways.wanted import Peer, Wanted
from leeboard.model.enums import LEVELS, Level, Platform
from leeboard.policy.vpn import vpn_by_level
from tests.services import charons
from tests.services.charons import Charon, export, put, two_charons
from tests.unit.authority import certreq
from tests.unit.authority.authorities import GATEWAY, Authority, an_authority, key_of_device, request
from tests.windows_suite import proposals

DEVICE = Registered("900001", "LT-014", Platform.WINDOWS)
PEER = Peer("900001", "LT-014", certreq.NAME, ("10.99.0.1",), windows=True)
# In childless IKE the first ESP is agreed on with a group of its own, as at a rekey.
CLIENT = """connections {{
  windows {{
    version = 2
    local_addrs = {here}
    remote_addrs = {there}
    proposals = {ike}
    childless = force
    mobike = no
    vips = 0.0.0.0
    local {{
      auth = pubkey
      certs = laptop.pem
      id = "CN={name}"
    }}
    remote {{
      auth = pubkey
      id = {gateway}
    }}
    children {{ traffic {{
      esp_proposals = {esp}
      remote_ts = 0.0.0.0/0
    }} }}
  }}
}}
"""
# Microsoft, Set-VpnConnectionIPsecConfiguration: among what is offered where nobody sets a suite is group 2.
UNSET = ("aes256-sha1-modp1024", "aes256-sha1")
REFUSED = r"no acceptable ([A-Z_]+) found"


@dataclass
class Pair:
    """A gateway as it was exported for a level, and a client."""

    authority: Authority
    gateway: Charon
    client: Charon

    def accepts_at(self, level: Level) -> None:
        """Be the gateway of a level."""
        known = self.authority.known
        export(
            self.gateway,
            Wanted(GATEWAY, level, known.beginning.root, known.issuing, peers=(PEER,), pools=("10.99.0.0/24",)),
        )
        self.gateway.load()

    def offers(self, ike: str, esp: str) -> tuple[str, str, str]:
        """Offer a suite from scratch: what the gateway chose for IKE and for ESP (empty: nothing), and why not."""
        words = {"ike": ike, "esp": esp, "name": certreq.NAME, "gateway": GATEWAY}
        text = CLIENT.format(here=charons.LAPTOP, there=charons.GATEWAY, **words)
        (self.client.swanctl_folder / "swanctl.conf").write_text(text)
        self.client.load()
        before = len(self.gateway.log)
        self.client.swanctl("--initiate", "--child", "traffic", "--timeout", "20")
        sas = self.gateway.swanctl("--list-sas").stdout
        for charon, name in ((self.client, "windows"), (self.gateway, strongswan.connection(PEER))):
            charon.swanctl("--terminate", "--ike", name, "--force", "--timeout", "5")
        said = self.gateway.log[before:]
        chosen = [line.split("selected proposal: ")[1] for line in said.splitlines() if "selected proposal: " in line]
        kinds = {one.partition(":")[0]: one.partition(":")[2].strip() for one in chosen}
        established = f"CN={certreq.NAME}" in sas
        assert established is ("IKE" in kinds), said[-3000:]
        refused = re.findall(REFUSED, said)
        assert len(refused) == ("ESP" not in kinds), said[-3000:]
        return kinds.get("IKE", ""), kinds.get("ESP", ""), "".join(refused)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Both, with certificates of one authority: the client's is what certreq's request came back as."""
    folder = tmp_path_factory.mktemp("charons")
    at = datetime.now(UTC)
    with an_authority(folder, at=at) as authority, two_charons(folder) as (gateway, client):
        key = key_of_device()
        put(gateway, issue_gateway(authority.var, GATEWAY, request(key), at), key, "leeboard-gateway")
        asked, mine = certreq.request("whatever.it.says", use="1.3.6.1.5.5.7.3.1")
        put(client, issue_device(authority.var, DEVICE, asked, at), mine, "laptop")
        yield Pair(authority, gateway, client)


# What charon calls it.
CHOSEN = {
    Level.STANDARD: ("AES_GCM_16_128/PRF_HMAC_SHA2_256/ECP_256", "AES_GCM_16_128/ECP_256/NO_EXT_SEQ"),
    Level.SENSITIVE: ("AES_GCM_16_128/PRF_HMAC_SHA2_256/ECP_256", "AES_GCM_16_128/ECP_256/NO_EXT_SEQ"),
    Level.HIGH: ("AES_GCM_16_256/PRF_HMAC_SHA2_384/ECP_384", "AES_GCM_16_256/ECP_384/NO_EXT_SEQ"),
}


@pytest.mark.parametrize("level", LEVELS)
def test_the_suite_of_a_profile_is_accepted_at_its_level(pair: Pair, level: Level) -> None:
    pair.accepts_at(level)
    assert pair.offers(*proposals(vpn_by_level()[level].phonebook)) == (*CHOSEN[level], ""), pair.gateway.log[-3000:]


@pytest.mark.parametrize(
    ("which", "why"),
    [
        pytest.param((0,), "PSEUDO_RANDOM_FUNCTION", id="prf"),
        pytest.param((1,), "ENCRYPTION_ALGORITHM", id="ike"),
        pytest.param((2,), "KEY_EXCHANGE_METHOD", id="group"),
        pytest.param((3, 4), "ENCRYPTION_ALGORITHM", id="esp"),
        pytest.param((5,), "KEY_EXCHANGE_METHOD", id="rekey"),
    ],
)
def test_one_weaker_number_is_refused(pair: Pair, which: tuple[int, ...], why: str) -> None:
    """Each of the six by itself, but for the two that are one in GCM."""
    pair.accepts_at(Level.HIGH)
    numbers = list(vpn_by_level()[Level.HIGH].phonebook)
    for at in which:
        numbers[at] = vpn_by_level()[Level.STANDARD].phonebook[at]
    ike = "" if which[0] < 3 else CHOSEN[Level.HIGH][0]
    assert pair.offers(*proposals(numbers)) == (ike, "", why), pair.gateway.log[-3000:]


@pytest.mark.parametrize("level", LEVELS)
def test_what_windows_offers_where_nobody_set_a_suite_is_refused(pair: Pair, level: Level) -> None:
    pair.accepts_at(level)
    assert pair.offers(*UNSET)[:2] == ("", ""), pair.gateway.log[-3000:]
