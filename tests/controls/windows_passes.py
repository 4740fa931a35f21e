"""Scripts that do not meet, done to one Windows machine in one pass, as machine_run.py does on Linux."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence

from .scripts import FULL, passes
from .windows_proof import Outcome
from .windows_scripts import WindowsScript

TryOut = Callable[[Sequence[WindowsScript]], Outcome]


class Passes:
    """What each of some scripts did; a pass is done when the first of its scripts is asked for.

    `try_out` does scripts to a restored machine, all in one go. `make test-full` does each by itself.
    """

    def __init__(self, scripts: Iterable[WindowsScript], try_out: TryOut) -> None:
        self._group = {script.name: group for group in passes(scripts, alone=FULL) for script in group}
        self._try_out = try_out
        self._outcomes: dict[str, Outcome] = {}

    def outcome(self, script: WindowsScript) -> Outcome:
        """What a script did. Where its pass says anything but what is expected, each is done again by itself."""
        group = self._group[script.name]
        if script.name not in self._outcomes and len(group) > 1:
            self._together(group)
        if script.name not in self._outcomes:
            self._outcomes[script.name] = self._try_out([script])
        return self._outcomes[script.name]

    def _together(self, group: tuple[WindowsScript, ...]) -> None:
        try:
            outcome = self._try_out(group)
        except (RuntimeError, TimeoutError) as problem:  # one of them ended badly: which one, it says by itself
            why = str(problem)[:200]
        else:
            why = _unexpected(group, outcome)
            if not why:
                self._outcomes |= {script.name: _share(script, outcome) for script in group}
                return
        self._group |= {script.name: (script,) for script in group}
        names = ", ".join(script.name for script in group)
        warnings.warn(f"a pass was taken apart ({why}; give one of them 'alone: yes'): {names}", stacklevel=1)


def _unexpected(group: tuple[WindowsScript, ...], outcome: Outcome) -> str:
    """What a pass changed beyond what its scripts are to change, or did not, or what the machine does not say."""
    wanted = {control: verdict for script in group for control, verdict in script.expected.items()}
    expected = {
        control: bool(script.flips) for script in group if script.expect != "pending" for control in script.asked
    }
    untrue = {control for control, wrong in expected.items() if bool(outcome.wrong[control]) != wrong}
    return ", ".join(
        f"{control} {outcome.changed.get(control, 'unchanged')}{' (truth differs)' if control in untrue else ''}"
        for control in sorted({*wanted, *outcome.changed, *untrue})
        if outcome.changed.get(control) != wanted.get(control) or control in untrue
    )


def _share(script: WindowsScript, outcome: Outcome) -> Outcome:
    """A script's own part of what a whole pass did."""
    changed = {control: outcome.changed[control] for control in script.expected}
    wrong = {control: outcome.wrong[control] for control in (script.control, *script.flips)}
    return Outcome(changed, wrong, outcome.words, outcome.mended, outcome.mended_words)
