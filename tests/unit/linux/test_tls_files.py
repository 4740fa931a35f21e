"""The files by which a collector is recognised, and by which the device shows who it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.logging import forwarding as log_forwarding

from tests.unit.linux.folder import effective
from tests.unit.linux.forwarding import CA, TLS, D, authority, digest, faults, machine, readings


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> str:
    return authority(tmp_path_factory.mktemp("ca")).read_text()


def test_by_whom_the_collector_is_recognised(tmp_path: Path, ca: str) -> None:
    stranger = authority(tmp_path, "stranger").read_text()
    host = machine(tmp_path / "beside", {f"{D}/90.conf": TLS, CA: f"our authority\n{ca}\n{stranger}"})
    assert readings(host)["tls-anchors"] == [digest(ca), digest(stranger)]
    named = TLS.replace("x509/name", "x509/fingerprint").replace("tcp_", 'streamDriverPermittedPeers="sha1:aa:bb" tcp_')
    host = machine(tmp_path / "named", {f"{D}/90.conf": named, CA: ca})
    assert readings(host)["tls-anchors"] == ["SHA1:AA:BB"]
    missing = machine(tmp_path / "missing", {f"{D}/90.conf": TLS})
    assert (readings(missing)["tls-anchors"], faults(missing, "tls-authority")) == ([], [f"{CA} is missing"])
    plain = machine(tmp_path / "plain", {f"{D}/90.conf": "*.* @@10.0.0.9\n", CA: ca})
    assert effective(log_forwarding, plain, "tls-anchors")["state"] == "absent"
    damaged = machine(tmp_path / "damaged", {f"{D}/90.conf": TLS, CA: ca.replace("MII", "M!I", 1)})
    assert effective(log_forwarding, damaged, "tls-anchors")["code"] == "malformed"


def test_a_key_in_the_file_of_its_certificate_or_beside_it(tmp_path: Path, ca: str) -> None:
    own, key = "/etc/leeboard/own.pem", "/etc/leeboard/own.key"
    secret = "-----BEGIN EC PRIVATE KEY-----\nx\n-----END EC PRIVATE KEY-----\n"
    text = TLS.replace("port=", f'streamDriver.CertFile="{own}" streamDriver.KeyFile="{key}" port=')
    files = {f"{D}/90.conf": text, CA: ca, own: ca, key: secret, "/etc/leeboard/note": "x"}
    host = machine(tmp_path / "kept", files)
    (tmp_path / f"kept{key}").chmod(0o600)
    assert faults(host, "client-certificate") == []
    host = machine(tmp_path / "copied", {**files, own: ca + secret, "/etc/leeboard/own.key.bak": secret})
    (tmp_path / f"copied{key}").chmod(0o600)
    assert faults(host, "client-certificate") == [
        f"everybody may read or change the key in {own}",
        "everybody may read or change the key in /etc/leeboard/own.key.bak",
    ]
