"""What is exported for a gateway. That charon takes the file is a test of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from leeboard.authority import lists
from leeboard.authority.gateways import appliances, strongswan
from leeboard.authority.gateways.wanted import GatewayKind, Peer, Wanted, network
from leeboard.errors import LeeboardError
from leeboard.model.enums import Level
from tests.unit.authority.authorities import GATEWAY, Authority

PEERS = (
    Peer("900001", "LT-014", "lt-014.900001.leeboard.internal", ("10.99.0.1", "fd00:99::1")),
    Peer("900001", "LT-015", "lt-015.900001.leeboard.internal", ("10.99.0.2", "fd00:99::2"), windows=True),
)


def wanted(authority: Authority, **more: object) -> Wanted:
    known = authority.known
    return Wanted(
        GATEWAY, Level.SENSITIVE, known.beginning.root, known.issuing, dns=("10.0.0.53", "fd00::53"),
        pools=("10.99.0.0/24", "fd00:99::/64"), peers=PEERS, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def test_a_connection_for_each_device_with_a_pool_of_one(authority: Authority) -> None:
    files = strongswan.files(wanted(authority))
    conf = files[strongswan.CONF]
    assert conf.count("version = 2\n") == 2 and conf.count("reauth_time = 24h\n") == 2
    assert "id = lt-014.900001.leeboard.internal\n" in conf
    assert 'id = "CN=lt-015.900001.leeboard.internal"\n' in conf
    assert conf.count("revocation = relaxed\n") == 2 and "strict" not in conf
    assert "pools = leeboard-lt-014-900001-1, leeboard-lt-014-900001-2\n" in conf
    assert "addrs = 10.99.0.1\n    dns = 10.0.0.53\n" in conf and "addrs = fd00:99::1\n    dns = fd00::53\n" in conf
    assert "aes128gcm16-prfsha256-ecp256\n" in conf and "default" not in conf
    assert strongswan.conf(wanted(authority, strict=True)).count("revocation = strict\n") == 2
    assert files[strongswan.ADDRESSES].splitlines()[1] == (
        "900001,LT-014,lt-014.900001.leeboard.internal,10.99.0.1 fd00:99::1"
    )
    assert "PRIVATE" not in "".join(files.values())
    page = files[strongswan.PAGE]
    assert "lock everybody out" in page and "swanctl --terminate --ike CONNECTION" in page
    assert "| LT-014 (900001) | `leeboard-lt-014-900001` |" in page


def test_the_script_of_the_timer_leaves_the_old_list_where_the_new_one_is_none(
    authority: Authority, tmp_path: Path
) -> None:
    """Run with stand-ins for curl, which brings nonsense for the root's list, and for swanctl."""
    issuing = lists.sign(authority.var, authority.at).files[1]
    known = authority.known
    programs, folder = tmp_path / "bin", tmp_path / "x509crl"
    programs.mkdir()
    folder.mkdir()
    (folder / f"{known.beginning.root.id}.crl").write_bytes(b"the one before")
    (programs / "curl").write_text(
        '#!/bin/sh\ncase "$6" in */root-*) echo "<html>not here</html>" > "$5";; ' + f'*) cp "{issuing}" "$5";; esac\n'
    )
    (programs / "swanctl").write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/called\n')
    for program in programs.iterdir():
        program.chmod(0o755)
    script = tmp_path / "script"
    script.write_text(strongswan.files(wanted(authority))[strongswan.SCRIPT])
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "LEEBOARD_LISTS": str(folder)}
    done = subprocess.run(["sh", str(script)], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "was not brought; the list before counts until its end" in done.stderr
    assert (folder / f"{known.beginning.root.id}.crl").read_bytes() == b"the one before"
    assert (folder / f"{known.current.id}.crl").read_bytes() == issuing.read_bytes()
    assert (tmp_path / "called").read_text() == "--flush-certs\n--load-creds --noprompt\n"
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize("kind", [GatewayKind.RRAS, GatewayKind.PFSENSE, GatewayKind.OPNSENSE])
def test_pages_for_others_warn_and_claim_no_fixed_address(authority: Authority, kind: GatewayKind) -> None:
    files = appliances.files(kind, wanted(authority))
    page = files[appliances.PAGE]
    assert "Strict and a list past its end lock everybody out" in page
    assert "Fixed inner addresses are not to be had here" in page
    assert all(one.lists in page for one in wanted(authority).authorities)
    assert f"{authority.known.current.id}.pem" in files and "{" not in page.replace("{name}", "")


def test_rras_looks_certificates_up_and_trusts_one_root(authority: Authority) -> None:
    script = appliances.files(GatewayKind.RRAS, wanted(authority))["leeboard-rras.ps1"]
    assert "-Name CertAuthFlags -PropertyType DWord -Value 4" in script
    assert "-RootCertificateNameToAccept $root" in script
    assert authority.known.beginning.root.thumbprint in script
    assert "certutil -urlcache * delete" in appliances.page(GatewayKind.RRAS, wanted(authority))


# A laptop of each of these addresses sends a packet to each of these ports of the gateway: which of them come?
SENT = """
import json, socket, sys
came = []
for here, there in (("10.20.3.4", "192.0.2.10"), ("198.51.100.7", "192.0.2.10"), ("2001:db8:5::4", "2001:db8::10"),
                    ("2001:db8:6::4", "2001:db8::10")):
    family = socket.AF_INET6 if ":" in here else socket.AF_INET
    for port in (500, 4500, 51820):
        gateway, laptop = (socket.socket(family, socket.SOCK_DGRAM) for _end in range(2))
        gateway.bind((there, port))
        gateway.settimeout(0.5)
        laptop.bind((here, 0))
        laptop.sendto(b"hello", (there, port))
        try:
            gateway.recvfrom(100)
            came.append([here, port])
        except socket.timeout:
            pass
        gateway.close()
print(json.dumps(came))
"""


def test_a_laptop_at_school_gets_no_answer_and_any_other_does(authority: Authority, tmp_path: Path) -> None:
    """With the real nft and real packets, in a network namespace of its own."""
    homes = ("10.20.0.0/16", "10.20.3.0/24", "2001:db8:5::/48")
    files = strongswan.files(wanted(authority, home=homes))
    rules = tmp_path / "home.nft"
    rules.write_text(files[strongswan.HOME])
    addresses = ("10.20.3.4/32", "198.51.100.7/32", "192.0.2.10/32", "2001:db8:5::4/128", "2001:db8:6::4/128")
    given = " && ".join(f"ip addr add {one} dev lo" for one in (*addresses, "2001:db8::10/128"))
    # Twice, as each start of charon does.
    script = f"ip link set lo up && {given} && nft -f {rules} && nft -f {rules} && {sys.executable} -c '{SENT}'"
    done = subprocess.run(["unshare", "--net", "sh", "-c", script], capture_output=True, text=True, check=False)
    if "unshare" in done.stderr:
        pytest.skip("a network namespace needs root")
    assert done.returncode == 0, done.stderr
    ports = (500, 4500, 51820)
    away = [[here, port] for here in ("198.51.100.7", "2001:db8:6::4") for port in ports]
    assert sorted(json.loads(done.stdout)) == sorted([["10.20.3.4", 51820], ["2001:db8:5::4", 51820], *away])
    assert f"nft -f /{strongswan.HOME}" in files[strongswan.HOME_LOADER]
    page = " ".join(files[strongswan.PAGE].split())
    assert "500 and 4500 from 10.20.0.0/16, 10.20.3.0/24, 2001:db8:5::/48;" in page


def test_without_home_no_rule_is_written(authority: Authority) -> None:
    files = strongswan.files(wanted(authority))
    assert strongswan.HOME not in files and strongswan.HOME_LOADER not in files
    assert "laptops have their tunnel at school too" in files[strongswan.PAGE]
    for kind in (GatewayKind.RRAS, GatewayKind.PFSENSE, GatewayKind.OPNSENSE):
        assert "at school" not in "".join(appliances.files(kind, wanted(authority)).values())


def test_other_gateways_are_told_which_networks_get_no_answer(authority: Authority) -> None:
    asked = wanted(authority, home=("10.20.0.0/16", "2001:db8:5::/48"))
    for kind in (GatewayKind.RRAS, GatewayKind.PFSENSE, GatewayKind.OPNSENSE):
        page = appliances.page(kind, asked)
        assert "Block UDP 500 and 4500 from 10.20.0.0/16, 2001:db8:5::/48 to this gateway" in page
    script = appliances.files(GatewayKind.RRAS, asked)["leeboard-rras.ps1"]
    assert "@('10.20.0.0/16', '2001:db8:5::/48')" in script and script.endswith("Restart-Service -Name RemoteAccess\n")
    assert "{" not in script.replace("@{", "").replace(") {", "").replace("Where-Object {", "")


def test_a_network_is_one() -> None:
    with pytest.raises(LeeboardError, match="is no network"):
        network("10.99.0.1/24")
