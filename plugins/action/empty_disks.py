"""Encrypt and format the empty disks of a device that leeboard_format_disks names, each with its key kept first."""

from __future__ import annotations

from ansible_collections.leeboard.schools.plugins.action.recovery_keys import LINUX, now
from ansible_collections.leeboard.schools.plugins.action.recovery_keys import ActionModule as RecoveryKeys
from ansible_collections.leeboard.schools.plugins.plugin_utils import brain

if not brain.missing():
    from leeboard.escrow.disks.empty_disks import VARIABLE, parse
    from leeboard.escrow.disks.formatting import format_disks
    from leeboard.escrow.vault import vault

MODULE = "leeboard.schools.luks_format"
OPTIONS: dict = {}


class ActionModule(RecoveryKeys):
    """As with recovery keys: only with ENC in leeboard_enforce, where the vault is, and with pipelining."""

    _options = OPTIONS

    def _work(self) -> dict:
        asset = self._task_vars.get("leeboard_asset", self._task_vars.get("inventory_hostname"))
        self._named = parse(self._templar.template(self._task_vars.get(VARIABLE)), str(asset))
        if not self._named:
            return {"skipped": True, "msg": f"{VARIABLE} names no disk of it"}
        return super()._work()

    def _done(self, visit):
        kept = vault.open_vault(visit.var, whole=False)
        steps = self._step(visit, LINUX), self._step(visit, MODULE)
        return format_disks(kept, visit.device, *steps, now, self._named, visit.run_id, dry=self._task.check_mode)
