"""Undo one run on one device: recognise it, put back what the run changed, and observe again."""

from __future__ import annotations

from ansible_collections.leeboard.schools.plugins.plugin_utils import answers, brain
from ansible_collections.leeboard.schools.plugins.plugin_utils.cut_off import CutOff, of_undo
from ansible_collections.leeboard.schools.plugins.plugin_utils.device_action import DeviceAction
from ansible_collections.leeboard.schools.plugins.plugin_utils.printable import printable
from ansible_collections.leeboard.schools.plugins.plugin_utils.result_file import write_result
from ansible_collections.leeboard.schools.plugins.plugin_utils.visit import Visit, VisitError, failure_message, filed

if not brain.missing():
    from leeboard.planning.plan import could_cut_off

OPTIONS = {"run": {"type": "str", "required": True}, "report": {"type": "path", "default": ""}}
MODULES = {"linux": "leeboard.schools.journal_undo", "windows": "leeboard.schools.win_journal_undo"}
LISTS = ("put_back", "already", "left", "remarks")
CHANGED_SINCE = "changed since"  # how a device begins about what is somebody else's by now
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
        self._journal, self._diffs = None, []
        visit = Visit(self, self._task_vars)
        evidence = self._recognised(visit, "nothing was put back")
        answer, lists = self._asked(visit)
        lost, problem, warnings = bool(answer.get("unreachable")), "", []
        failed = bool(answer.get("failed") or lost)
        if not failed and (drivers := self._could_cut_off(visit, lists)):
            if self._task.check_mode:
                lists["remarks"].append(could_cut_off(drivers))
                warnings.append(f"{visit.device.name}: {lists['remarks'][-1]}")
            else:
                lists, problem, lost = self._under_checkpoint(visit, lists)
        if not failed and not answer.get("found"):
            lists["left"] = [{"target": run, "why": "the device has no journal of this run, so nothing is known of it"}]
        changed = bool(answer.get("changed") or lists["put_back"])
        changes = [] if self._task.check_mode else _changes(run, lists, self._journal)
        if (changed or problem) and not self._task.check_mode and not lost:
            # What came of it is filed even where the device does not come back.
            evidence = self._observed_again(visit, evidence)
        evidence["changes"] = changes
        outcome = {"changed": changed, "leeboard": filed(evidence), "diff": self._diffs, **lists}
        if failed or problem:
            return {**outcome, "failed": True, "lost": lost, "msg": problem or failure_message(answer)}
        return {**outcome, "warnings": warnings, "msg": summary(lists, self._task.check_mode)}

    def _asked(self, visit) -> tuple:
        """What the device answers to the undo, and its lists."""
        arguments = {"run": self._arguments["run"], "run_id": visit.run_id}
        answer = visit.ask(MODULES[visit.device.platform.value], arguments)
        self._journal = answers.journal(answer) or self._journal
        self._diffs += answers.diffs(answer)
        return answer, {name: _listed(answer.get(name)) for name in LISTS}

    def _could_cut_off(self, visit, lists: dict) -> set:
        """The drivers whose part of the run could cut us off, which a device leaves alone without a checkpoint."""
        risky = {name for name, driver in visit.baseline.drivers.items() if driver.risk == "cut_off"}
        named = lists["put_back" if self._task.check_mode else "left"]
        theirs = [one for one in named if isinstance(one, dict) and not one.get("why", "").startswith(CHANGED_SINCE)]
        return {driver for one in theirs for driver in one.get("driver", "").split(", ") if driver in risky}

    def _under_checkpoint(self, visit, first: dict) -> tuple:
        """Undo once more, what could cut us off included. Returns (the lists of both, what failed, whether it is lost).

        What the first time put back counts as `already` by now.
        """
        second = {name: [] for name in LISTS}

        def once_more(_left_out) -> tuple:
            answer, lists = self._asked(visit)
            second.update(lists)
            failed = answer.get("failed") or answer.get("unreachable")
            return [failure_message(answer)] if failed else [], bool(answer.get("unreachable"))

        for _try in range(2):  # a second time where a run that broke off held the device, which is back by then
            cut_off = CutOff(visit, self._connection)
            problem = "; ".join(cut_off.make(of_undo(self._arguments["run"]), once_more))
            if not cut_off.again:
                break
        lists = dict(first)
        if cut_off.end == "confirmed":
            lists["left"] = second["left"]
            lists["put_back"] = first["put_back"] + second["put_back"]
            lists["remarks"] = list(dict.fromkeys(first["remarks"] + second["remarks"]))
        elif cut_off.end:
            gone = [one["target"] for one in second["put_back"] if isinstance(one, dict) and "target" in one]
            lists["left"] = [{**one, "why": problem} if one.get("target") in gone else one for one in first["left"]]
        return lists, problem, cut_off.end == "unknown"

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
