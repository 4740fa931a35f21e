"""`leeboard vpn` as a technician runs it, with an estate's register and a folder that a web server shows."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from typer.testing import CliRunner

from leeboard.cli.main import app
from leeboard.cli.vpn import command
from leeboard.cli.vpn.options import registered
from leeboard.errors import LeeboardError
from leeboard.escrow.vault.vault import make, open_vault
from tests.unit.authority.authorities import GATEWAY, LISTS, key_of_device, request
from tests.unit.escrow.vaults import another_volume, custodian
from tests.unit.estate.vpn.declared import GATEWAY_KEY, OTHER_KEY

RUNNER = CliRunner()


@dataclass(frozen=True)
class Controller:
    """A controller's var with a vault, an estate, a folder for lists, and requests of a laptop and a gateway."""

    folder: Path

    @property
    def web(self) -> Path:
        return self.folder / "web"

    def run(self, *words: str) -> tuple[int, str]:
        """The command; exit code and all that it printed, or LeeboardError's words."""
        done = RUNNER.invoke(app, ["vpn", *words, "--var", str(self.folder / "var")], env={"COLUMNS": "250"})
        if isinstance(done.exception, LeeboardError):
            return 1, str(done.exception)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.output

    def begin(self, *more: str, lists: str = LISTS) -> tuple[int, str]:
        return self.run("init", "--name", "Hill Schools", "--level", "sensitive", "--lists", lists, *more)

    def issue(self, *more: str) -> tuple[int, str]:
        laptop = str(self.folder / "laptop.csr")
        return self.run("issue", "LT-014", "-i", str(self.folder / "estate"), "--request", laptop, *more)


@pytest.fixture
def controller(tmp_path: Path) -> Iterator[Controller]:
    (tmp_path / "web").mkdir()
    school = tmp_path / "estate" / "hill"
    school.mkdir(parents=True)
    (tmp_path / "estate/estate.yml").write_text("plugin: leeboard.schools.estate\nname: Hill\nlevel: sensitive\n")
    (school / "school.yml").write_text(
        'plugin: leeboard.schools.estate\nurn: "900001"\nname: Hill School\nphase: primary\n'
    )
    (school / "devices.csv").write_text("asset,host,platform,form,role\nLT-014,lt-014,linux,portable,staff_portable\n")
    (tmp_path / "laptop.csr").write_bytes(request(key_of_device()))
    (tmp_path / "gateway.csr").write_bytes(request(key_of_device()))
    with another_volume(tmp_path) as other:
        make(tmp_path / "var", (tmp_path / "first", other / "second"), [custodian("head")[0]], command.now())
        yield Controller(tmp_path)


def test_from_the_beginning_to_a_stolen_laptop(controller: Controller) -> None:
    code, printed = controller.begin("--publish-folder", str(controller.web))
    assert code == 0 and "2 lists with 0 revoked certificates" in printed
    assert f"published in {controller.web}" in printed
    code, printed = controller.issue("--to", str(controller.web))
    assert code == 0 and "LT-014 (900001): has a new certificate, lt-014.900001.leeboard.internal" in printed
    issued = x509.load_pem_x509_certificate((controller.web / "certificate.pem").read_bytes())
    assert controller.issue()[1].startswith("LT-014 (900001): has this certificate already")
    code, printed = controller.run(
        "issue", "--gateway", GATEWAY, "--request", str(controller.folder / "gateway.csr"), "--to", str(controller.web)
    )
    assert code == 0
    code, printed = controller.run("revoke", "LT-014", "--reason", "stolen")
    assert code == 0 and "LT-014: 1 certificate revoked (stolen)" in printed
    assert "end the tunnel of lt-014.900001.leeboard.internal (leeboard vpn export-gateway)" in printed
    (path,) = controller.web.glob("issuing-*.crl")
    assert path.stat().st_mode & 0o777 == 0o644
    found = x509.load_der_x509_crl(path.read_bytes()).get_revoked_certificate_by_serial_number(issued.serial_number)
    assert found is not None
    assert found.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.key_compromise
    code, printed = controller.run("list", "--format", "json")
    rows = {one["name"]: one for one in json.loads(printed)["certificates"]}
    assert rows["lt-014.900001.leeboard.internal"]["reason"] == "stolen" and rows[GATEWAY]["revoked"] is None
    assert "revoked" in controller.run("list")[1] and "2 certificates" in controller.run("list")[1]
    assert controller.run("revoke", "LT-014", "--reason", "stolen") == (
        1, "LT-014: has no certificate that still counts; leeboard vpn list shows all"
    )  # fmt: skip
    assert controller.run("chain")[1].count("BEGIN CERTIFICATE") == 2


def test_export_for_a_gateway(controller: Controller) -> None:
    controller.begin("--publish-folder", str(controller.web))
    controller.issue()
    to = controller.folder / "export"
    words = ("export-gateway", GATEWAY, "--kind", "strongswan", "--to", str(to))
    estate = controller.folder / "estate"
    more = ("-i", str(estate))
    assert controller.run(*words, *more) == (
        1, f"{estate}: no vpn in it has the gateway {GATEWAY}; docs/vpn.md says how to declare one"
    )  # fmt: skip
    assert controller.run("chain", "--to", str(estate / "vpn/authority.pem"))[0] == 0
    with (estate / "estate.yml").open("a") as file:
        file.write(
            f"vpn: {{kind: ikev2, gateways: [{{name: {GATEWAY}}}], authority: leeboard, routes: everything, "
            "dns: {servers: [10.0.0.53]}, home: [10.20.0.0/16], inner: [10.99.0.0/24]}\n"
        )
    code, printed = controller.run(*words, *more)
    assert code == 0 and "no inner address (leeboard estate addresses --write): LT-014" in printed
    assert "lt-014" not in (to / "swanctl/conf.d/leeboard.conf").read_text()
    given = RUNNER.invoke(app, ["estate", "addresses", *more, "--write"])
    assert given.exit_code == 0 and "10.99.0.2,lt-014.900001.leeboard.internal," in given.output, given.output
    code, printed = controller.run(*words, *more)
    assert code == 0 and "for 1 device in" in printed and "locks everybody out" in printed
    conf = (to / "swanctl/conf.d/leeboard.conf").read_text()
    assert "addrs = 10.99.0.2" in conf and "10.0.0.53" in conf
    assert "ip saddr { 10.20.0.0/16 }" in (to / "etc/swanctl/leeboard-home.nft").read_text()
    code, printed = controller.run("export-gateway", GATEWAY, "--kind", "rras", "--to", str(to), "--strict")
    assert code == 1 and "has neither fixed inner addresses nor that switch" in printed
    assert not any(b"PRIVATE KEY" in path.read_bytes() for path in to.rglob("*") if path.is_file())


WIREGUARD = (
    f"vpn: {{kind: wireguard, gateways: [{{name: {GATEWAY}, addresses: [203.0.113.10], public_key: '{GATEWAY_KEY}'}}], "
    "routes: everything, dns: {servers: [10.0.0.53]}, inner: [10.99.0.0/24]}\n"
)


def test_wireguard_from_a_devices_key_to_a_stolen_laptop(controller: Controller) -> None:
    """Without an authority: there are no certificates."""
    to, estate = controller.folder / "export", controller.folder / "estate"
    more = ("-i", str(estate))
    words = ("export-gateway", GATEWAY, "--kind", "wireguard", "--to", str(to), *more)
    with (estate / "estate.yml").open("a") as file:
        file.write(WIREGUARD)
    with (estate / "hill/devices.csv").open("a") as file:
        file.write("LT-015,lt-015,linux,portable,staff_portable\nLT-016,lt-016,windows,portable,staff_portable\n")
    code, printed = controller.run("issue", "LT-014", *more, "--public-key", OTHER_KEY)
    assert code == 0 and printed.startswith("LT-014: its key is kept. Its gateway knows it after the next"), printed
    assert "has this key already" in controller.run("issue", "LT-014", *more, "--public-key", OTHER_KEY)[1]
    code, printed = controller.run(*words)
    assert code == 0 and "for 0 devices in" in printed
    assert "no inner address: LT-014" in printed and OTHER_KEY not in (to / "addresses.csv").read_text()
    given = RUNNER.invoke(app, ["estate", "addresses", *more, "--write"])
    assert given.exit_code == 0, given.output
    code, printed = controller.run(*words)
    assert code == 0 and "5 files for 1 device in" in printed
    assert "1 device of the declaration made no key yet: roll out to them first." in printed, "not Windows"
    assert "neither who comes nor who goes" in printed
    exported = (to / "etc/wireguard/leeboard-peers.conf").read_text()
    assert f"PublicKey = {OTHER_KEY}\nAllowedIPs = 10.99.0.2/32\n" in exported
    assert GATEWAY_KEY in (to / "README.md").read_text()
    listed = json.loads(controller.run("list", "--format", "json")[1])
    assert [one["public_key"] for one in listed["keys"]] == [OTHER_KEY]
    assert (listed["authorities"], listed["certificates"]) == ([], [])
    assert "0 certificates and 1 key of WireGuard" in controller.run("list")[1]
    code, printed = controller.run("revoke", "LT-014", "--reason", "stolen")
    assert code == 0 and "LT-014: its key of WireGuard counts no more (stolen)" in printed
    assert "the device gets in until its peer is taken out there" in printed and "certificate" not in printed
    code, printed = controller.run(*words)
    assert code == 0 and "for 0 devices in" in printed
    assert OTHER_KEY not in (to / "etc/wireguard/leeboard-peers.conf").read_text()


def test_an_export_of_wireguard_goes_by_the_declaration(controller: Controller) -> None:
    to, estate = controller.folder / "export", controller.folder / "estate"
    words = ("export-gateway", GATEWAY, "--to", str(to))
    more = ("-i", str(estate))
    code, printed = controller.run(*words, "--kind", "wireguard")
    assert code == 1 and "a gateway of nothing" in printed
    with (estate / "estate.yml").open("a") as file:
        file.write(WIREGUARD)
    for kind in ("strongswan", "rras"):
        code, printed = controller.run(*words, *more, "--kind", kind)
        assert code == 1 and f"{GATEWAY} is a gateway of wireguard" in printed
    for option in (("--strict",), ("--route", "10.0.0.0/8"), ("--dns", "10.0.0.53")):
        code, printed = controller.run(*words, *more, "--kind", "wireguard", *option)
        assert code == 1 and "do not go with WireGuard" in printed
    assert not to.exists()


def test_where_lists_are_published_goes_wrong(controller: Controller) -> None:
    nobody = "http://127.0.0.1:9/vpn"  # the port of discard, on which nobody listens
    assert controller.begin("--publish-folder", str(controller.folder / "away"), lists=nobody)[0] == 3
    code, printed = controller.run("crl")
    assert code == 3 and "Signed, and not published" in printed and "mount or make it" in printed
    program = controller.folder / "publish"
    program.write_text('#!/bin/sh\necho "no route to host" >&2\nexit 7\n')
    program.chmod(0o755)
    code, printed = controller.run("crl", "--publish-command", f"{program} --to web")
    assert code == 3 and "ended with exit status 7: no route to host; the old list counts until its end" in printed
    program.write_text('#!/bin/sh\nshift 2\ncp "$@" ' + str(controller.web) + "\n")
    code, printed = controller.run("crl")
    assert code == 0 and "(exit status 0)" in printed and len(list(controller.web.glob("*.crl"))) == 2
    assert printed.count("the published list cannot be read (http://127.0.0.1:9/vpn/") == 1


def test_what_was_published_and_is_in_no_book_is_said_aloud(controller: Controller) -> None:
    controller.begin("--publish-folder", str(controller.web))
    controller.issue("--to", str(controller.folder))
    var = controller.folder / "var"
    kept = [var, *(place.path for place in open_vault(var).places)]
    saved = {place: shutil.copytree(place, controller.folder / f"saved-{at}") for at, place in enumerate(kept)}
    assert controller.run("revoke", "LT-014", "--reason", "stolen")[0] == 0
    for place, copy in saved.items():
        shutil.rmtree(place)
        shutil.copytree(copy, place)
    code, printed = controller.run("crl")
    assert code == 3 and "a certificate is revoked of LT-014 (900001), which the ledger did not know" in printed
    assert "2 lists with 1 revoked certificate" in printed
    assert controller.run("crl")[0] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("issue", "--request", "x"), "name a device by its asset tag, or a gateway with --gateway, and not both"),
        (("issue", "LT-1", "--gateway", "g.example", "--request", "x"), "and not both"),
        (("issue", "LT-1", "--request", "/nowhere"), "/nowhere: there is no such file"),
        (("issue", "LT-1"), "--request: name the file with the request, or a device's key of WireGuard"),
        (("issue", "--gateway", "g.example", "--public-key", "x"), "--public-key: goes with a device by its asset tag"),
        (("issue", "LT-1", "--public-key", "x", "--request", "y"), "and with neither --request nor --to"),
        (("revoke", "LT-9", "--reason", "lost"), "LT-9: no such device has a certificate; leeboard vpn list shows all"),
        (("crl", "--publish-command", " "), "--publish-command: is empty"),
        (("crl", "--publish-command", "a 'b"), "--publish-command: makes no sense"),
    ],
)
def test_what_is_refused(controller: Controller, words: tuple[str, ...], said: str) -> None:
    code, printed = controller.run(*words)
    assert code == 1 and said in printed
    assert not (controller.folder / "var/authority/known.json").exists()


def test_begin_needs_sense_and_happens_once(controller: Controller) -> None:
    for words, said in (
        (("--name", "-", "--lists", LISTS), "--name: give whose authority it is"),
        (("--name", "Hill", "--lists", "https://lists.example"), "--lists: give an address of plain HTTP"),
        (("--name", "Hill", "--lists", "http://lists.example/a b"), "--lists: give an address of plain HTTP"),
    ):
        code, printed = controller.run("init", "--level", "standard", *words)
        assert code == 1 and said in printed
    assert not (controller.folder / "var/authority").exists()
    assert controller.run("list") == (1, "this controller has no VPN authority; begin one with leeboard vpn init")
    assert controller.begin()[0] == 0
    code, printed = controller.begin()
    assert code == 1 and "this controller has a VPN authority already, Hill Schools" in printed


def test_a_device_has_to_be_in_the_register(controller: Controller) -> None:
    with pytest.raises(LeeboardError, match="LT-99: the register has no such device; nothing was issued"):
        registered(controller.folder / "estate", "LT-99", None)
    with pytest.raises(LeeboardError, match="name the estate whose register has the device"):
        registered(None, "LT-014", None)
    assert registered(controller.folder / "estate", "lt-014", "900001").asset == "LT-014"
