"""Undo one run on one device: recognise it, put back what the run changed, and observe again."""

from __future__ import annotations

from ansible_collections.leeboard.schools.plugins.plugin_utils import answers
from ansible_collections.leeboard.schools.plugins.plugin_utils.device_action import DeviceAction
from ansible_collections.leeboard.schools.plugins.plugin_utils.printable import printable
from ansible_collections.leeboard.schools.plugins.plugin_utils.result_file import write_result
from ansible_collections.leeboard.schools.plugins.plugin_utils.visit import Visit, VisitError, failure_message, filed

OPTIONS = {"run": {"type": "str", "required": True}, "report": {"type": "path", "default": ""}}
MODULES = {"linux": "leeboard.schools.journal_undo", "windows": "leeboard.schools.win_journal_undo"}
LISTS = ("put_back", "already", "left", "remarks")
MOST = 2000  # of each list; a run of ours changes far less


class ActionModule(DeviceAction):
    """Put back what a run changed, unless somebody changed it since; end with an observation."""

    _options = OPTIONS

    def _outcome_of_work(self) -> dict:
        outcome = super()._outcome_of_work()
        self._report(outcome)
        return outcome

    def _work(self) -> dict:
        run = self._arguments["run"]
        visit = Visit(self, self._task_vars)
        evidence = self._recognised(visit, "nothing was put back")
        answer = visit.ask(MODULES[visit.device.platform.value], {"run": run, "run_id": visit.run_id})
        lists = {name: _listed(answer.get(name)) for name in LISTS}
        failed = bool(answer.get("failed") or answer.get("unreachable"))
        if not failed and not answer.get("found"):
            lists["left"] = [{"target": run, "why": "the device has no journal of this run, so nothing is known of it"}]
        changed = bool(answer.get("changed") or (failed and lists["put_back"]))
        changes = [] if self._task.check_mode else _changes(run, lists, answers.journal(answer))
        if changed and not self._task.check_mode and not answer.get("unreachable"):
            # What came of it is filed even where the device does not come back.
            evidence = self._observed_again(visit, evidence)
        evidence["changes"] = changes
        outcome = {"changed": changed, "leeboard": filed(evidence), "diff": answers.diffs(answer), **lists}
        if failed:
            return {**outcome, "failed": True, "lost": bool(answer.get("unreachable")), "msg": failure_message(answer)}
        return {**outcome, "msg": summary(lists, self._task.check_mode)}

    def _observed_again(self, visit, evidence: dict) -> dict:
        try:
            again = visit.observe()
        except VisitError:
            return evidence
        return evidence if "unreachable" in again else again

    def _report(self, outcome: dict) -> None:
        """What came of it, for the command `leeboard undo`, which started this play."""
        report = {
            "failed": bool(outcome.get("failed")),
            "reached": not (outcome.get("unreachable") or outcome.get("stranger") or outcome.get("lost"))
            and "leeboard" in outcome,
            "message": str(outcome.get("msg", "")),
            **{name: outcome.get(name, []) for name in LISTS},
        }
        write_result(self._arguments["report"], self._task_vars.get("inventory_hostname", ""), report)


def summary(lists: dict, preview: bool = False) -> str:
    """How much was put back and left, in one line."""
    back, left = len(lists["put_back"]), len(lists["left"])
    text = f"{back} would be put back" if preview else f"{back} put back"
    return f"{text}, {len(lists['already'])} as before already, {left} left alone"


def _changes(run: str, lists: dict, journal) -> list:
    """What goes into the evidence: what was put back, and what was left, both with the run that was undone."""
    changes = []
    for name, outcome in (("put_back", "put back"), ("left", "left alone")):
        for entry in lists[name]:
            why = entry.get("was") if name == "put_back" else entry.get("why")
            text = f"undo of {run}: {outcome}: {entry.get('target', '')} ({why})"
            fields = {key: entry[key] for key in ("driver", "addresses", "target", "was", "why") if key in entry}
            changes.append({"undoes": run, "outcome": name, "text": text, "journal": journal, **fields})
    return changes


def _listed(value) -> list:
    """What a device says of a list, in the form that it has to have."""
    items = value if isinstance(value, list) else []
    return printable([_plain(item) for item in items[:MOST] if isinstance(item, (dict, str))])


def _plain(entry):
    if isinstance(entry, str):
        return str(entry)[:1000]
    plain = {}
    for key in ("driver", "target", "was", "why"):
        if isinstance(entry.get(key), str):
            plain[key] = str(entry[key])[:1000]
    addresses = entry.get("addresses")
    plain["addresses"] = [str(item)[:500] for item in addresses[:100]] if isinstance(addresses, list) else []
    return plain
