"""What is exported for a gateway. That charon takes the file is a test of its own."""

from __future__ import annotations

import os
import subprocess
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


def test_a_network_is_one() -> None:
    with pytest.raises(LeeboardError, match="is no network"):
        network("10.99.0.1/24")
