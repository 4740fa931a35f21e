"""A device's key of WireGuard in a roll-out: made there, kept in the ledger, and no tunnel before its gateway knows it.

The vault and the device's code are the real ones; `wg` and the gateway are doubles, with real keys of X25519.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.edits import ChangeRefused
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.wireguard import key as wireguard_key
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.wireguard import make as wireguard_make
from ansible_collections.leeboard.schools.plugins.modules import vpn_wireguard_key
from ansible_collections.leeboard.schools.plugins.plugin_utils.vpn_wireguard import (
    MODULE,
    NO_WAY_OUT,
    UNKNOWN,
    WireGuardKey,
)
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from leeboard.authority import memory, peers
from leeboard.authority.certificates import revoke_device
from leeboard.authority.records import Reason
from leeboard.escrow.vault.vault import Vault
from leeboard.model.enums import Platform
from tests.unit.escrow.vaults import AT, a_vault
from tests.unit.estate.vpn.declared import GATEWAY_KEY
from tests.unit.linux.folder import folder

KEY_FILE = "etc/wireguard/leeboard.key"
VARIABLE: dict[str, Any] = {
    "kind": "wireguard",
    "gateways": [
        {"name": "vpn.school.example", "addresses": ["192.0.2.1"], "public_key": GATEWAY_KEY, "port": 51820}
    ],
    "routes": ["10.20.0.0/16"],
    "dns": {"servers": []},
    "inner": ["10.99.0.2"],
    "identity": "lt-014.900001.leeboard.internal",
}  # fmt: skip
EVERYTHING = {**VARIABLE, "routes": ["0.0.0.0/0", "::/0"], "dns": {"servers": ["10.20.0.53"]}}
DEFAULTS = {name: about.get("default") for name, about in vpn_wireguard_key.ARGUMENTS.items()}


class Device:
    """The device, and the visit that asks it. `asked` has the state of each request, `wire` all that was said.

    Its gateway answers the keys that stand in `loaded`.
    """

    run_id = "run"

    def __init__(self, root: Path, var: Path, asset: str = "LT-014", preview: bool = False) -> None:
        self.root, self.var, self.preview = root, var, preview
        about: dict[str, Any] = {"name": asset.lower(), "asset": asset, "urn": "900001"}
        self.device = SimpleNamespace(**about, platform=Platform.LINUX)
        self.asked: list[str] = []
        self.wire: list[str] = []
        self.commands: list[str] = []
        self.answers: dict[str, Any] = {}  # in the place of the device's own, by state
        self.loaded: list[str] = []
        folder(root, {"/usr/bin/wg": "", "/usr/bin/wg-quick": ""})

    @property
    def private(self) -> str:
        return (self.root / KEY_FILE).read_text().strip()

    @property
    def public(self) -> str:
        own = X25519PrivateKey.from_private_bytes(base64.b64decode(self.private))
        return base64.b64encode(own.public_key().public_bytes_raw()).decode()

    def ask(self, module: str, arguments: dict[str, Any]) -> dict[str, Any]:
        assert module == MODULE and set(arguments) <= set(DEFAULTS)
        self.asked.append(arguments["state"])
        answer = self.answers.get(arguments["state"])
        if isinstance(answer, Exception):
            raise answer
        if answer is None:
            answer = self._answered({**DEFAULTS, **arguments})
        self.wire += [json.dumps(arguments), json.dumps(answer)]
        return dict(answer)

    def _answered(self, params: dict[str, Any]) -> dict[str, Any]:
        module: Any = SimpleNamespace(params=params, check_mode=self.preview)
        try:
            return vpn_wireguard_key._done(module, folder(self.root, {}, self._runs))
        except (ChangeRefused, HostError) as problem:
            return {"failed": True, "msg": f"vpn_wireguard_key: {problem}"}

    def _runs(self, argv: list[str], *_more: Any) -> Completed:
        self.commands.append(" ".join(argv))
        said = ""
        if argv[:3] == ["sh", "-c", wireguard_make.MAKE]:
            path = Path(argv[-1])
            path.unlink(missing_ok=True)
            path.touch(mode=0o600)
            path.write_text(base64.b64encode(X25519PrivateKey.generate().private_bytes_raw()).decode() + "\n")
        elif argv[:3] == ["sh", "-c", wireguard_key.PUBLIC]:
            said = self.public
        elif argv[:2] == ["wg", "show"]:
            said = f"{GATEWAY_KEY}\t{4102444800 if self.public in self.loaded else 0}"
        else:
            assert argv[0] in ("ip", "wg"), argv
        return Completed(0, f"{said}\n", "")

    def brought(self, variable: dict[str, Any] = VARIABLE) -> Any:
        """The key of a roll-out, brought; its changes are in `_changes`."""
        key: Any = WireGuardKey(self, variable, [])
        key.bring()
        return key

    def load_the_export(self) -> None:
        """As the gateway's own people do."""
        self.loaded = [one.public_key for one in peers.counting(self.var)]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wireguard_key, "PATIENCE", 0.0)


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    """A vault without an authority: WireGuard needs none."""
    with a_vault(tmp_path) as made:
        yield made


def test_the_tunnel_waits_until_the_gateway_has_the_key_and_a_third_run_changes_nothing(
    tmp_path: Path, vault: Vault
) -> None:
    device = Device(tmp_path / "lt", vault.var)
    done = device.brought()
    assert (done.problems, done.remarks, done.ready) == ([], [f"lt-014: {UNKNOWN}"], False)
    assert [(one["before"], one["after"], one["journal"]) for one in done._changes] == [
        ("another one, or none", device.public, None)
    ]
    assert device.asked == ["read", "made", "tried"]
    assert [one.public_key for one in peers.counting(vault.var)] == [device.public]
    assert (device.root / KEY_FILE).stat().st_mode & 0o777 == 0o600
    again = device.brought()
    assert not again.ready and again._changes == [], "it still waits, and nothing is made anew"
    device.load_the_export()
    for _run in range(2):
        done = device.brought()
        assert (done.problems, done.remarks, done.ready, done._changes) == ([], [], True, [])
    # The key is on the device alone: not on the wire, in no command, and in nothing that the controller keeps.
    private = device.private
    assert not any(private in said for said in [*device.wire, *device.commands])
    holders = [path for path in tmp_path.rglob("*") if path.is_file() and private.encode() in path.read_bytes()]
    assert holders == [device.root / KEY_FILE]


@pytest.mark.parametrize("variable", [VARIABLE, EVERYTHING])
def test_a_preview_makes_nothing_and_says_what_everything_costs(
    tmp_path: Path, vault: Vault, variable: dict[str, Any]
) -> None:
    device = Device(tmp_path / "lt", vault.var, preview=True)
    done = device.brought(variable)
    warned = [f"lt-014: {NO_WAY_OUT}"] if variable is EVERYTHING else []
    assert done.remarks == [
        *warned,
        "lt-014: its key of WireGuard would be made on it, and its public half kept (it has none); its gateway has to "
        "be told, and its tunnel waits",
    ]
    assert (done.problems, done.ready) == ([], False) and [one["after"] for one in done._changes] == [
        "a key of WireGuard"
    ]
    assert not (device.root / KEY_FILE).exists() and peers.counting(vault.var) == [] and device.asked == ["read"]
    Device(device.root, vault.var).brought(variable)
    done = device.brought(variable)
    assert done.ready and done._changes == []
    assert done.remarks == [
        *warned, "lt-014: its gateway would be asked whether it knows the device's key, and the tunnel waits if not",
    ]  # fmt: skip
    assert "no network where its gateway does not answer" in NO_WAY_OUT


def test_a_key_that_the_ledger_does_not_have_is_kept_and_not_made_anew(tmp_path: Path, vault: Vault) -> None:
    device = Device(tmp_path / "lt", vault.var)
    device.answers = {"tried": {"failed": True, "msg": "vpn_wireguard_key: gone"}}
    device._answered({**DEFAULTS, "state": "made"})
    public = device.public
    preview = Device(device.root, vault.var, preview=True).brought()
    assert "would be kept (its key is not known here)" in preview.remarks[0] and not preview.ready
    done = device.brought()
    assert done.problems == ["vpn: gone"] and not done.ready
    assert device.public == public and done._changes[0]["before"] == "not known here"
    assert peers.is_kept(vault.var, SimpleNamespace(urn="900001", asset="LT-014"), public)  # type: ignore[arg-type]


@pytest.mark.parametrize("reason", [Reason.STOLEN, Reason.REPLACED])
def test_who_was_revoked_gets_none_from_a_roll_out_but_for_a_key_that_was_replaced(
    tmp_path: Path, vault: Vault, reason: Reason
) -> None:
    device = Device(tmp_path / "lt", vault.var)
    device.brought()
    device.load_the_export()
    first = device.public
    revoke_device(vault.var, "900001", "LT-014", reason, AT)
    preview = Device(device.root, vault.var, preview=True).brought()
    done = device.brought()
    held = memory.held(vault.var, "900001", "LT-014").keys
    if reason is Reason.STOLEN:
        for one in (preview, done):
            assert "(stolen), so no roll-out gives it another" in one.problems[0] and one._changes == []
        assert device.public == first and len(held) == 1 and not done.ready
        return
    assert "(its key was revoked)" in preview.remarks[0]
    assert device.public != first and [one.public_key for one in held] == [first, device.public]
    assert not done.ready and done.remarks == [f"lt-014: {UNKNOWN}"], "the gateway knows the old one alone"


def test_a_copied_disk_is_refused_by_the_second_device(tmp_path: Path, vault: Vault) -> None:
    first = Device(tmp_path / "lt", vault.var)
    first.brought()
    done = Device(first.root, vault.var, "LT-015").brought({**VARIABLE, "identity": "lt-015.900001.leeboard.internal"})
    assert "known as that of 900001 LT-014; one of the two is a copy" in done.problems[0]
    assert not done.ready and len(peers.counting(vault.var)) == 1


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"read": {"in_the_way": "the device has\nthe school's tunnel by IKEv2"}}, "has the school's tunnel by IKEv2"),
        ({"read": {"failed": True, "msg": "vpn_wireguard_key: no\nroom"}}, "vpn: no room"),
        ({"made": {"public_key": 7}}, "the device says no public key"),
        ({"made": {"public_key": "A" * 101}}, "the device says no public key"),
        ({"made": {"changed": True, "public_key": "\ud800" * 44}}, "no public key of WireGuard; nothing was kept"),
        ({"made": {"changed": True, "public_key": "A" * 44}}, "no public key of WireGuard; nothing was kept"),
    ],
)
def test_what_is_refused_is_one_line_and_nothing_is_kept(
    tmp_path: Path, vault: Vault, answers: dict[str, Any], words: str
) -> None:
    device = Device(tmp_path / "lt", vault.var)
    device.answers = {"read": {"installed": True, "public_key": ""}, **answers}
    done = device.brought()
    (problem,) = done.problems
    assert problem.startswith("vpn: ") and words in problem and "\n" not in problem and len(problem) < 400
    assert not done.ready and done._changes == [] and peers.counting(vault.var) == [] and "tried" not in device.asked


def test_what_makes_no_sense_in_the_variable_is_said_before_the_device_is_asked(tmp_path: Path, vault: Vault) -> None:
    device = Device(tmp_path / "lt", vault.var)
    done = device.brought({**VARIABLE, "inner": []})
    assert done.problems[0].startswith("vpn: inner") and device.asked == [] and not done.ready


def test_without_wireguard_tools_it_is_said_what_is_missing(tmp_path: Path, vault: Vault) -> None:
    device = Device(tmp_path / "lt", vault.var)
    (device.root / "usr/bin/wg").unlink()
    assert device.brought().problems == ["vpn: wireguard-tools is not installed; the role remote_access does that"]


def test_a_device_that_is_lost_while_its_key_is_made_counts_as_changed(tmp_path: Path, vault: Vault) -> None:
    for number, end in enumerate(({"unreachable": True, "msg": "gone"}, AnsibleConnectionFailure("gone"))):
        device = Device(tmp_path / str(number), vault.var, f"LT-08{number}")
        device.answers = {"made": end}
        made: Any = WireGuardKey(device, VARIABLE, [])
        if isinstance(end, Exception):
            with pytest.raises(AnsibleConnectionFailure):
                made.bring()
        else:
            made.bring()
            assert made.problems == ["vpn: gone"]
        assert not made.ready and [one["after"] for one in made._changes] == ["not known: the device was lost"]
