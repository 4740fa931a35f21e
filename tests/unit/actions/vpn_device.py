"""A device in a folder for roll-outs of a VPN: the module's real code and the real openssl, with a double of charon."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.edits import ChangeRefused
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.certificate import (
    install as certificate_install,
)
from ansible_collections.leeboard.schools.plugins.modules import vpn_certificate
from ansible_collections.leeboard.schools.plugins.plugin_utils.vpn_certificates import MODULE, Certificates

from leeboard.model.enums import Platform
from leeboard.policy.load import load
from tests.unit.escrow.vaults import AT
from tests.unit.linux.folder import folder
from tests.unit.linux.test_vpn_certificate import Charon, Clock, kept

THERE = {"/etc/swanctl/swanctl.conf": "", "/usr/sbin/charon-systemd": "", "/run/charon.vici": ""}
SETTLE = certificate_install.settle
DEFAULTS = {name: about.get("default") for name, about in vpn_certificate.ARGUMENTS.items()}


class VpnDevice:
    """The device, and the visit that asks it. `asked` has the state of each request, `wire` all that was said."""

    run_id = "run"

    def __init__(self, root: Path, var: Path, clock: Clock, asset: str = "LT-014", preview: bool = False) -> None:
        self.var, self.preview, self.clock = var, preview, clock
        about: dict[str, Any] = {"name": asset.lower(), "asset": asset, "urn": "900001", "parameters": {}}
        self.device = SimpleNamespace(**about, platform=Platform.LINUX)
        self.wanted = SimpleNamespace(baseline=load())
        self.charon = Charon(root)
        self.asked: list[str] = []
        self.wire: list[str] = []
        self.answers: dict[str, Any] = {}  # in the place of the device's own, by state
        self.root = root
        for part in ("x509", "private", "x509ca", "x509crl"):
            (root / "etc/swanctl" / part).mkdir(parents=True, exist_ok=True)
        folder(root, THERE)

    def ask(self, module: str, arguments: dict[str, Any]) -> dict[str, Any]:
        assert module == MODULE and set(arguments) <= set(DEFAULTS)
        self.asked.append(arguments["state"])
        self.wire.append(json.dumps(arguments))
        answer = self.answers.get(arguments["state"])
        if isinstance(answer, Exception):
            raise answer
        if answer is None:
            answer = self._answered({**DEFAULTS, **arguments})
        self.wire.append(json.dumps(answer))
        return dict(answer)

    def _answered(self, params: dict[str, Any]) -> dict[str, Any]:
        warned: list[str] = []
        module: Any = SimpleNamespace(params=params, check_mode=self.preview)
        try:
            result = vpn_certificate._done(module, folder(self.root, {}, self._runs))
        except (ChangeRefused, HostError) as problem:
            return {"failed": True, "msg": f"vpn_certificate: {problem}"}
        if result.get("waits"):
            warned.append(result["waits"])
        return {**json.loads(json.dumps(result)), "warnings": warned}

    def _runs(self, argv: list[str], *more: Any) -> Any:
        """Run a command; openssl believes this device's clock."""
        if argv[:2] == ["openssl", "verify"]:
            argv = [*argv[:2], "-attime", str(int(self.clock.now)), *argv[2:]]
        return self.charon(argv, *more)

    def variable(self, _name: str) -> Any:
        return None

    @property
    def pairs(self) -> list[str]:
        """The files of certificates and keys."""
        return kept(folder(self.root))

    def brings(self, variable: dict[str, Any]) -> Any:
        """The certificates of a roll-out, not brought yet; their changes are in `_changes`."""
        certificates: Any = Certificates(self, variable, [])
        certificates._now = lambda: datetime.fromtimestamp(self.clock.now, UTC)
        return certificates

    def brought(self, variable: dict[str, Any]) -> Any:
        """The same, brought."""
        certificates = self.brings(variable)
        certificates.bring()
        return certificates


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of controller and device, five months after the authority was begun; a wait for traffic moves it."""
    made = Clock((AT + timedelta(days=150)).timestamp())
    monkeypatch.setattr(certificate_install, "settle", partial(SETTLE, clock=made, patience=5))
    monkeypatch.setattr(vpn_certificate, "time", made)
    return made
