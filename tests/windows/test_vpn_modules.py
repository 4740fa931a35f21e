"""From a device's request to the profile that is dialled: the modules' real code, and the real authority.

certreq and the stores are played (vpn_bench.py), so this proves the conversation, the arguments and the checks of both
sides, and not Windows.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from leeboard.authority.certificates import Registered, issue_device
from leeboard.model.enums import Platform
from leeboard.model.vpn_told import digest
from tests.unit.authority.authorities import Authority

from .requirements import need_powershell
from .vpn_bench import VpnBench, begun_before

NAME = "lt-014.900001.leeboard.internal"
CERTIFICATE, TUNNEL = "win_vpn_certificate", "win_vpn_tunnel"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """An authority that was begun ten days before."""
    with begun_before(tmp_path_factory.mktemp("authority")) as made:
        yield made


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[VpnBench]:
    """A device, for the file's tests in their order."""
    need_powershell()
    made = VpnBench(tmp_path_factory.mktemp("device"), authority.at.timestamp())
    yield made
    made.close()


def chain(authority: Authority) -> list[str]:
    return [authority.known.beginning.root.certificate, authority.known.current.certificate]


def words(authority: Authority) -> str:
    return (
        f"gateway:vpn.school.example to:0.0.0.0/0 to:::/0 authority:{digest(chain(authority)[0])} "
        "ike:aes256gcm16-prfsha384-ecp384 esp:aes256gcm16-ecp384 eku:1.3.6.1.5.5.7.3.2"
    )


def setting(value: str, address: str = "tunnel") -> list[dict[str, Any]]:
    return [{"address": address, "value": value, "type": "string"}]


def test_a_profile_is_refused_before_its_certificate(bench: VpnBench, authority: Authority) -> None:
    answer = bench.ask(TUNNEL, settings=setting(words(authority)), run_id="r1")
    assert answer["failed"] and "the certificates come first" in answer["msg"]


def test_what_is_asked_for_is_signed_here_and_believed_there(bench: VpnBench, authority: Authority) -> None:
    given = {"identity": NAME, "authorities": chain(authority)}
    before = bench.ask(CERTIFICATE, **given)
    assert (before["changed"], before["trusts"], before["certificates"]) == (False, False, [])
    preview = bench.ask(CERTIFICATE, check=True, state="request", **given)
    assert preview["changed"] and "request" not in preview
    asked = bench.ask(CERTIFICATE, state="request", curves=["P-384", "P-256"], **given)
    assert asked["changed"] and "warnings" not in asked
    device = Registered("900001", "LT-014", Platform.WINDOWS)
    issued = issue_device(authority.var, device, asked["request"].encode(), authority.at)
    answer = bench.ask(CERTIFICATE, state="installed", certificate=issued.chain, **given)
    assert answer["changed"], answer
    (one,) = answer["certificates"]
    leaf = x509.load_pem_x509_certificates(issued.chain.encode())[0]
    assert one["wrong"] == "" and one["sha256"] == digest(issued.certificate.pem) and one["names"] == [NAME]
    assert one["last"] == int(leaf.not_valid_after_utc.timestamp()) and one["usages"] == ["1.3.6.1.5.5.7.3.2"]
    again = bench.ask(CERTIFICATE, state="installed", certificate=issued.chain, **given)
    assert not again["changed"] and again["certificates"] == answer["certificates"]
    after = bench.ask(CERTIFICATE, **given)
    assert after["trusts"] is True and bench.ask(CERTIFICATE, state="trusted", **given)["changed"] is False


def test_the_profile_follows_and_a_second_run_changes_nothing(bench: VpnBench, authority: Authority) -> None:
    preview = bench.ask(TUNNEL, check=True, settings=setting(words(authority)), run_id="r1", _ansible_diff=True)
    assert preview["changed"] and preview["journal"] is None and "not set" in preview["diff"]["before"]
    answer = bench.ask(TUNNEL, settings=setting(words(authority)), run_id="r1")
    assert answer["changed"] and answer["journal"].endswith("r1.jsonl"), answer
    reading = answer["after"]["tunnel"]
    assert sorted(reading["effective"]["value"].split()) == sorted(words(authority).split())
    assert "does not dial it by itself" in reading["effective"]["note"]
    again = bench.ask(TUNNEL, settings=setting(words(authority)), run_id="r2")
    assert again["changed"] is False and again["journal"] is None
    outdated = [{**setting(words(authority))[0], "expect": "0" * 16}]
    refused = bench.ask(TUNNEL, settings=outdated, run_id="r2")
    assert refused["failed"] and refused["outdated"]


def test_a_new_certificate_takes_the_old_ones_place(bench: VpnBench, authority: Authority) -> None:
    given = {"identity": NAME, "authorities": chain(authority)}
    bench.now += 130 * 86400
    at = authority.at + timedelta(days=130)
    asked = bench.ask(CERTIFICATE, state="request", **given)
    issued = issue_device(
        authority.var, Registered("900001", "LT-014", Platform.WINDOWS), asked["request"].encode(), at
    )
    answer = bench.ask(CERTIFICATE, state="installed", certificate=issued.chain, **given)
    assert [one["sha256"] for one in answer["certificates"]] == [digest(issued.certificate.pem)], answer
    assert bench.ask(TUNNEL, settings=setting(words(authority)), run_id="r3")["changed"] is False


def test_strays_go_and_stay_in_the_journal(bench: VpnBench, authority: Authority) -> None:
    bench.run("Import-Module VpnClient; Add-VpnConnection Old vpn.stranger.example -AllUserConnection -L2tpPsk Hush77")
    stray = [{"address": "machine-profiles", "value": []}]
    answer = bench.ask(TUNNEL, settings=stray, run_id="r4")
    assert answer["changed"] and answer["after"]["machine-profiles"]["effective"]["state"] == "absent", answer
    edits = bench.run("@{ kept = @($Bench.Journal | Select-Object -Last 1) }")["kept"]
    assert edits[0]["Target"] == "entry:Old" and "vpn.stranger.example" in edits[0]["Before"]["value"]
    refused = bench.ask(TUNNEL, settings=setting("none", "machine-profiles"), run_id="r5")
    assert refused["failed"] and "a list of texts" in refused["msg"]


@pytest.mark.parametrize(
    ("given", "words_"),
    [
        ({"state": "installed"}, "state is installed but all of the following are missing: certificate"),
        ({"authorities": ["no certificate"]}, "the authority has no certificate"),
        ({"state": "request", "curves": ["P-521"]}, "value of curves must be one or more of"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(
    bench: VpnBench, authority: Authority, given: dict[str, Any], words_: str
) -> None:
    answer = bench.ask(CERTIFICATE, **{"identity": NAME, "authorities": chain(authority), **given})
    assert answer["failed"] and words_ in answer["msg"], answer


def test_no_key_lies_in_a_file(bench: VpnBench) -> None:
    files = [path for path in Path(bench.folder).rglob("*") if path.is_file()]
    assert files and not any(b"PRIVATE KEY" in path.read_bytes() for path in files)
