"""Figures for Prometheus, read by its own client's parser, and by the rules of promtool's linter on names."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from leeboard.model.verdicts import Verdict
from leeboard.report import overview
from leeboard.report.export.prometheus import PrometheusWriter
from leeboard.verdict.status import EstateStatus
from tests.unit.report import samples
from tests.unit.report.export.written import STATUSES, written

NIGHT = datetime(2026, 11, 25, 2, 13, tzinfo=UTC)


def families(status: EstateStatus, night: datetime | None = NIGHT) -> dict[str, Any]:
    content = written(lambda file: PrometheusWriter(file, samples.AT, night), status)
    return {family.name: family for family in text_string_to_metric_families(content.decode())}


def total(family: Any, **labels: str) -> float:
    return sum(one.value for one in family.samples if labels.items() <= one.labels.items())


@pytest.mark.parametrize("status", STATUSES)
def test_its_figures_are_those_of_the_report(status: EstateStatus) -> None:
    found = families(status)
    assert total(found["leeboard_export_timestamp_seconds"]) == samples.AT.timestamp()
    assert total(found["leeboard_last_night_timestamp_seconds"]) == NIGHT.timestamp()
    if not status.devices:
        return
    sums = overview.headline(status.devices)
    for name, wanted in (
        ("", sums.devices),
        ("_clear", sums.clear),
        ("_unknown", sums.unknown),
        ("_drifted", sums.drifted),
    ):
        assert total(found[f"leeboard_devices{name}"]) == wanted
    urns = {one.device.urn for one in status.devices}
    inside = [
        *(finding for one in status.devices for finding in one.findings),
        *(finding for school in status.schools if school.urn in urns for finding in school.findings),
    ]
    for verdict in Verdict:
        many = sum(finding.verdict is verdict for finding in inside)
        assert total(found["leeboard_findings"], verdict=verdict.value) == many
    failing = sum(status.fails(one, finding) for one in status.devices for finding in one.findings)
    failing += sum(status.fails(None, f) for school in status.schools if school.urn in urns for f in school.findings)
    assert total(found["leeboard_findings_failing"]) == failing
    assert total(found["leeboard_waivers"]) == len(status.waivers)


def test_every_name_keeps_the_rules_of_promtool() -> None:
    writer_families = families(samples.mixed())
    for name, family in writer_families.items():
        assert re.fullmatch(r"leeboard_[a-z_]*[a-z]", name)
        assert family.documentation and family.type == "gauge"
        assert not re.search(r"_(total|count|sum|bucket|gauge|counter|ms|minutes|hours|days)$", name)
        labels = [key for sample in family.samples for key in sample.labels]
        assert all(re.fullmatch("[a-z_]+", key) for key in labels)
        assert len({tuple(sorted(one.labels.items())) for one in family.samples}) == len(family.samples)
        assert all(one.timestamp is None for one in family.samples)


def test_without_a_night_there_is_no_figure_of_one() -> None:
    assert "leeboard_last_night_timestamp_seconds" not in families(samples.mixed(), None)


def test_a_hostile_name_stays_within_its_label() -> None:
    found = families(samples.hostile())
    (info,) = found["leeboard_school_info"].samples
    assert set(info.labels) == {"urn", "school"}
    content = written(lambda file: PrometheusWriter(file, samples.AT), samples.hostile()).decode()
    assert content.isprintable() or all(line.isprintable() for line in content.splitlines())


def test_a_name_with_signs_comes_back_as_it_is() -> None:
    name = 'St "Mary\'s" \\ Ysgol Tŷ'
    status = samples.estate(samples.status(samples.device("A-1", school=name), {}))
    (info,) = families(status)["leeboard_school_info"].samples
    assert info.labels["school"] == name


def test_no_device_is_named() -> None:
    content = written(lambda file: PrometheusWriter(file, samples.AT), samples.mixed()).decode()
    assert not [one.device.asset for one in samples.mixed().devices if one.device.asset in content]
