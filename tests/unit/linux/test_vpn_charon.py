"""strongSwan's daemon beside its files. What swanctl prints was captured from charon-systemd 6.0.1."""

from __future__ import annotations

import json
import os
import textwrap
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system.systemd_unit import UNITS
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn import driver as vpn
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.secrets import driver as secrets_driver
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.strongswan import charon as vpn_charon

from tests.unit.linux import own
from tests.unit.linux.folder import Answers, folder
from tests.unit.linux.test_vpn import SCHOOL, led

CONNS = """list-conn event {
  school {
    local_addrs = [
      %any
    ]
    remote_addrs = [
      vpn.school.example
    ]
    version = IKEv2
    reauth_time = 0
    rekey_time = 14400
    unique = UNIQUE_NO
    local-1 {
      id = C=GB, O=Example School, CN=laptop
      class = public key
      groups = [
      ]
      certs = [
      ]
    }
    remote-1 {
      class = public key
      groups = [
      ]
    }
    children {
      all {
        mode = TUNNEL
        rekey_time = 3600
        dpd_action = none
        local-ts = [
          dynamic
        ]
        remote-ts = [
          0.0.0.0/0
          ::/0
        ]
      }
    }
  }
}
list-conns reply {
}
"""
# From two charons, of which one talked the other's list down. Their kernel had no ESP, so the child below is in the
# form that the README of the vici plugin gives.
SAS = """list-sa event {
  school {
    uniqueid = 1
    version = 2
    state = ESTABLISHED
    local-host = 10.66.0.1
    remote-id = gw
    initiator = yes
    encr-alg = AES_CBC
    encr-keysize = 128
    integ-alg = HMAC_SHA2_256_128
    prf-alg = PRF_HMAC_SHA2_256
    dh-group = MODP_2048
    established = 0
    child-sas {
    }
  }
}
list-sas reply {
}
"""
CHILD = """      all-1 {
        name = all
        uniqueid = 1
        state = INSTALLED
        mode = TUNNEL
        protocol = ESP
        encr-alg = AES_GCM_16
        encr-keysize = 128
        dh-group = ECP_256
        local-ts = [
          10.66.0.1/32
        ]
        remote-ts = [
          10.0.0.0/8
        ]
      }
"""
NO_SAS = "list-sas reply {\n}\n"
LONG_AGO = 1_700_000_000


def machine(tmp_path: Path, conf: str = SCHOOL, conns: str = CONNS, sas: str = NO_SAS, newer: bool = False) -> Any:
    """A machine whose charon answers so; its files are older than it, unless `newer`."""
    runner = Answers({"--list-conns": Completed(0, conns, "plugin 'x': failed"), "--list-sas": Completed(0, sas, "")})
    host = folder(tmp_path, {"/etc/swanctl/swanctl.conf": conf, "/run/charon.vici": ""}, runner)
    os.utime(tmp_path / "etc/swanctl/swanctl.conf", (LONG_AGO, LONG_AGO))
    start = LONG_AGO - 60 if newer else LONG_AGO + 60
    os.utime(tmp_path / "run/charon.vici", (start, start))
    return host


def seen(host: Any) -> tuple[list[dict[str, Any]], str]:
    """The profiles, and why charon has not got them as they are written."""
    found = vpn.observe(host, ["profiles"])["profiles"]
    assert found["effective"]["state"] == "value", found
    return [json.loads(text) for text in found["effective"]["value"]], found.get("running", {}).get("why", "")


def test_loaded_as_written(tmp_path: Path) -> None:
    host = machine(tmp_path)
    (school,), waits = seen(host)
    assert waits == ""
    assert (school["where"], led(school)) == ("/etc/swanctl/swanctl.conf, line 3", ["0.0.0.0/0", "::/0"])
    assert host.children == 2


def test_the_visit_asks_charon_once(tmp_path: Path) -> None:
    host = machine(tmp_path)
    for _again in range(2):
        vpn.observe(host, vpn.ALL)
    assert host.children == 2


def test_a_file_that_is_newer_than_the_daemon_waits(tmp_path: Path) -> None:
    (school,), waits = seen(machine(tmp_path, conf=SCHOOL.replace("version = 2", "version = 1"), newer=True))
    assert "was changed after charon last loaded" in waits
    assert school["protocol"] == "ikev1"  # what is written counts, since it comes next


def test_a_reload_that_systemd_knows_of_ends_the_waiting(tmp_path: Path) -> None:
    host = machine(tmp_path, newer=True)
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    show = "\n\n".join(f"ActiveState=active\nStateChangeTimestamp=@{LONG_AGO + 5}" for _unit in UNITS)
    host._runner.answers["systemctl show"] = Completed(0, show + "\n", "")
    assert seen(host)[1] == ""


@pytest.mark.parametrize(
    ("before", "after", "key", "expected"),
    [
        ("version = IKEv2", "version = IKEv1/2", "protocol", "ikev1-or-ikev2"),
        ("class = public key", "class = pre-shared key", "authentication", ["certificate", "psk"]),
        ("class = public key", "class = EAP_MSCHAPV2", "authentication", ["certificate", "password"]),
    ],
)
def test_what_was_changed_in_the_daemon_alone_counts(
    tmp_path: Path, before: str, after: str, key: str, expected: object
) -> None:
    (written, loaded), waits = seen(machine(tmp_path, conns=CONNS.replace(before, after, 1)))
    assert (loaded[key], waits) == (expected, "")
    assert "loaded in charon with" in loaded["where"]
    assert (loaded["name"], loaded["ike"], loaded["tunnels"]) == (written["name"], written["ike"], written["tunnels"])


def test_other_addresses_in_the_daemon_count(tmp_path: Path) -> None:
    (written, loaded), _waits = seen(machine(tmp_path, conns=CONNS.replace("          ::/0\n", "")))
    assert (led(written), led(loaded)) == (["0.0.0.0/0", "::/0"], ["0.0.0.0/0"])


@pytest.mark.parametrize(
    ("before", "after", "key", "expected"),
    [
        ("version = 2", "version = 1", "protocol", "ikev1"),
        ("remote_ts = 0.0.0.0/0,::/0", "remote_ts = 10.0.0.0/8", "tunnels", ["10.0.0.0/8"]),
        ("auth = pubkey", "auth = psk", "authentication", ["certificate", "psk"]),
    ],
)
def test_a_file_whose_date_was_set_back_counts_as_well(
    tmp_path: Path, before: str, after: str, key: str, expected: object
) -> None:
    assert before in SCHOOL
    (written, loaded), waits = seen(machine(tmp_path, conf=SCHOOL.replace(before, after, 1)))
    assert waits == ""
    assert (led(written) if key == "tunnels" else written[key]) == expected
    assert loaded[key] != written[key]


def test_a_connection_in_no_file_counts(tmp_path: Path) -> None:
    more = CONNS.replace("  school {", "  stray {").replace("IKEv2", "IKEv1").split("list-conns reply")[0]
    school, stray = seen(machine(tmp_path, conns=more + CONNS))[0]
    assert (school["name"], stray["name"], stray["protocol"]) == ("school", "stray", "ikev1")
    assert stray["ike"] == ["loaded:proposals"]


def test_a_connection_that_charon_refused_waits(tmp_path: Path) -> None:
    _profiles, waits = seen(machine(tmp_path, conns="list-conns reply {\n}\n"))
    assert waits == "charon has not loaded school; swanctl --load-conns says why"


def test_without_charon_the_files_count_and_nothing_waits(tmp_path: Path) -> None:
    host = machine(tmp_path)
    (tmp_path / "run/charon.vici").unlink()
    (school,), waits = seen(host)
    assert (school["name"], waits, host.children) == ("school", "", 0)


def test_what_was_agreed_with_the_peer(tmp_path: Path) -> None:
    sas = SAS.replace("    child-sas {\n", "    child-sas {\n" + CHILD)
    (school,), _waits = seen(machine(tmp_path, sas=sas))
    assert school["agreed"] == ["aes128-sha256-prfsha256-modp2048"]
    assert school["tunnels"] == [
        {
            "name": "all",
            "esp": ["aes128gcm16-ecp256"],
            "agreed": ["aes128gcm16-ecp256"],
            "to": ["10.0.0.0/8"],
            "notes": ["the peer agreed to 10.0.0.0/8 only for the child all"],
        }
    ]


def test_what_is_not_established_counts_for_nothing(tmp_path: Path) -> None:
    (school,), _waits = seen(machine(tmp_path, sas=SAS.replace("ESTABLISHED", "CONNECTING")))
    assert "agreed" not in school


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("encr-alg=AES_GCM_16 encr-keysize=256 prf-alg=PRF_HMAC_SHA2_384", "aes256gcm16-prfsha384"),
        ("encr-alg=AES_CBC encr-keysize=256 integ-alg=HMAC_SHA1_96 prf-alg=PRF_HMAC_SHA1", "aes256-sha1-prfsha1"),
        ("encr-alg=CHACHA20_POLY1305 encr-keysize=256 dh-group=CURVE_25519", "chacha20poly1305-curve25519"),
        ("encr-alg=3DES_CBC integ-alg=HMAC_MD5_96", "3des_cbc-md5"),
        ("protocol=AH integ-alg=HMAC_SHA1_96", "ah"),
    ],
)  # fmt: skip
def test_algorithms_in_the_words_of_the_files(said: str, words: str) -> None:
    assert vpn_charon._proposal(dict(part.split("=") for part in said.split())) == words


@pytest.mark.parametrize("cut", [100, 400, len(CONNS) - 25])
def test_an_answer_that_is_cut_off_is_malformed(cut: int) -> None:
    with pytest.raises(HostError, match="cut off"):
        vpn_charon.events(CONNS[:cut].rsplit("\n", 1)[0])


def test_charon_that_does_not_answer_is_an_error(tmp_path: Path) -> None:
    host = machine(tmp_path)
    refused = "plugin 'pkcs11': failed to load\nError: connecting to 'default' URI failed: Connection refused\n"
    host._runner.answers["--list-conns"] = Completed(111, "", refused)
    found = vpn.observe(host, ["profiles"])["profiles"]["effective"]
    assert found["why"].endswith("Connection refused")
    found = secrets_driver.observe(host, ["open-to-others"])["open-to-others"]["effective"]
    assert found["state"] == "value"


def test_the_socket_may_lie_elsewhere(tmp_path: Path) -> None:
    conf = "charon {\n plugins {\n vici {\n socket = unix:///run/other.vici\n}\n}\n}\n"
    host = folder(tmp_path, {"/etc/strongswan.conf": conf, "/run/other.vici": "", "/run/charon.vici": ""})
    assert vpn_charon.socket(host) == "/run/other.vici"


def test_the_real_charon_from_load_to_reload(tmp_path: Path) -> None:
    """Written, loaded, changed on disk only, loaded again, changed in the daemon only: with the real daemon."""
    script = textwrap.dedent(f"""
        import time
        from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn import driver as vpn
        os.unshare(os.CLONE_NEWNET)
        CONF = "/etc/swanctl/conf.d/school.conf"
        SCHOOL = {SCHOOL.replace("vpn.school.example", "192.0.2.1")!r}
        def look():
            said = vpn.observe(Host(), ["profiles"])["profiles"]
            profiles = [json.loads(text) for text in said["effective"]["value"]]
            seen = [[one["protocol"], [t["to"] for t in one["tunnels"]]] for one in profiles]
            return seen, said.get("running", {{}}).get("why", "")
        def load(*more):
            return subprocess.run(["swanctl", "--load-all", *more], capture_output=True, text=True)
        put(CONF, SCHOOL)
        old = time.time() - 60
        for path in (CONF, "/etc/swanctl/conf.d", "/etc/swanctl/swanctl.conf"):
            os.utime(path, (old, old))
        charon = subprocess.Popen(["charon-systemd"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for _ in range(100):
                if os.path.exists("/run/charon.vici"):
                    break
                time.sleep(0.1)
            found["not loaded"] = look()
            load()
            found["loaded"] = look()
            other = SCHOOL.replace("0.0.0.0/0,::/0", "10.0.0.0/8").replace("version = 2", "version = 1")
            put("/run/other/swanctl.conf", other)
            load("--file", "/run/other/swanctl.conf")
            found["changed in the daemon"] = look()
            put(CONF, SCHOOL.replace("version = 2", "version = 1"))
            new = time.time() + 60
            os.utime(CONF, (new, new))
            found["changed on disk"] = look()
        finally:
            charon.terminate()
            charon.wait()
    """)  # fmt: skip
    found = own.run(tmp_path, script, "charon-systemd", "swanctl")
    right = [["ikev2", [["0.0.0.0/0", "::/0"]]]]
    assert found["not loaded"] == [right, "charon has not loaded school; swanctl --load-conns says why"]
    assert found["loaded"] == [right, ""]
    assert found["changed in the daemon"] == [[*right, ["ikev1", [["10.0.0.0/8"]]]], ""]
    profiles, waits = found["changed on disk"]
    assert profiles[0][0] == "ikev1"
    assert "was changed after charon last loaded" in waits
