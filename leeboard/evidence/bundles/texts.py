"""What a finding says of the baseline and not of the device: title, address, wanted, remedy and route of each setting.

It is the same for all devices of a kind, night after night, and two thirds of what a finding would take. So it is kept
once, by its digest, and what was judged names it. A baseline that is changed later does not change what was said then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FIELDS = ("title", "address", "wanted", "remedy", "route")
MOST = 5000  # settings of a device
Texts = dict[str, dict[str, dict[str, str]]]  # by control and setting


def thin(findings: list[Any]) -> tuple[Texts, list[Any]]:
    """Findings as `Finding.as_json` writes them, as their texts and the rest. What has another form stays whole."""
    texts: Texts = {}
    return texts, [_thin(finding, texts) for finding in findings]


def full(findings: list[Any], texts: Any) -> list[Any]:
    """The findings with their texts again. Raises KeyError, TypeError or AttributeError for texts of another form."""
    return [_full(finding, texts) for finding in findings]


def _thin(finding: Any, texts: Texts) -> Any:
    if not isinstance(finding, dict) or not isinstance(finding.get("judged"), list):
        return finding
    of_control = texts.setdefault(str(finding.get("control")), {})
    return {**finding, "judged": [_without(judged, of_control) for judged in finding["judged"]]}


def _without(judged: Any, texts: dict[str, dict[str, str]]) -> Any:
    """A setting without its texts, which go into `texts`; with them where it is there twice, and they differ."""
    if not isinstance(judged, dict) or not isinstance(judged.get("setting"), str):
        return judged
    own = {field: judged[field] for field in FIELDS if field in judged}
    if not all(isinstance(text, str) for text in own.values()) or texts.setdefault(judged["setting"], own) != own:
        return judged
    return {key: value for key, value in judged.items() if key not in FIELDS}


def _full(finding: Any, texts: Mapping[str, Any]) -> Any:
    if not isinstance(finding, dict) or not isinstance(finding.get("judged"), list):
        return finding
    of_control = texts.get(str(finding.get("control")), {})
    judged = [_with(judged, of_control) for judged in finding["judged"]]
    return {**finding, "judged": judged}


def _with(judged: Any, texts: Mapping[str, Any]) -> Any:
    if not isinstance(judged, dict) or not isinstance(judged.get("setting"), str) or FIELDS[0] in judged:
        return judged
    return {**judged, **texts.get(judged["setting"], {})}
