"""What is changed only once another control is compliant: that control is there, and none waits for itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from leeboard.policy.draft import Draft
from leeboard.policy.source import Problem


def what_comes_first(draft: Draft) -> Iterator[Problem]:
    """Each control that has to be compliant before something is changed is there, and none waits for itself.

    In a circle each would wait for the other, and neither would ever be changed.
    """
    first = {
        owner.control.id: {one.changed_once for one in owner.control.settings if one.changed_once is not None}
        for owner in draft.controls
    }
    for place in draft.settings():
        once = place.setting.changed_once
        if once is None:
            continue
        if once not in first:
            yield place.problem(f"there is no control {once}", "changed_once")
        elif place.control.id in _waited_for(once, first):
            message = f"{once} waits for {place.control.id} in turn, so neither would ever be changed"
            yield place.problem(message, "changed_once")


def _waited_for(control: str, first: Mapping[str, set[str]]) -> set[str]:
    """The controls that have to be compliant before all of a control is changed, itself among them."""
    found, left = set[str](), {control}
    while left:
        found |= left
        left = {one for name in left for one in first.get(name, ())} - found
    return found
